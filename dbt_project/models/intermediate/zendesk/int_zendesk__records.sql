select
    record_id,
    'zendesk' as source,
    'users' as object,
    user_id as native_id,
    {{ record_columns({
        'full_name': 'name',
        'language': 'locale',
        'created_at': 'created_at',
        'updated_at': 'updated_at',
        'is_deleted': 'not coalesce(is_active, true)'
    }) }}
from {{ ref('int_zendesk__end_users') }}
