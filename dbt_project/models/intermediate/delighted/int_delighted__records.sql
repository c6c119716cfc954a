select
    'delighted:people:' || person_id as record_id,
    'delighted' as source,
    'people' as object,
    person_id as native_id,
    {{ record_columns({
        'full_name': 'name',
        'created_at': 'created_at',
        'updated_at': 'greatest(created_at, last_sent_at, last_responded_at)'
    }) }}
from {{ ref('stg_delighted__people') }}
