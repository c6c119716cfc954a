select
    record_id,
    'weibo' as source,
    'users' as object,
    native_id,
    {{ record_columns({
        'full_name': 'full_name',
        'gender': 'gender',
        'region': 'region',
        'locality': 'locality',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_weibo__people') }}
