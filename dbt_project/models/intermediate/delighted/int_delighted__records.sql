select
    record_id,
    'delighted' as source,
    'people' as object,
    person_id as native_id,
    {{ record_columns({'full_name': 'name', 'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from {{ ref('int_delighted__people') }}
