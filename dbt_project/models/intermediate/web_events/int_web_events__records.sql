select
    record_id,
    'web_events' as source,
    'users' as object,
    native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'birth_date': 'birth_date',
        'language': 'language',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_web_events__users') }}
