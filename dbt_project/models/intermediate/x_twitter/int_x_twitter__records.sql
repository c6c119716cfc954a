select
    record_id,
    'x_twitter' as source,
    'users' as object,
    native_id,
    {{ record_columns({'full_name': 'full_name', 'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from {{ ref('int_x_twitter__people') }}
