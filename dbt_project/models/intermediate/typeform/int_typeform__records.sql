select
    record_id,
    'typeform' as source,
    'respondents' as object,
    substr(record_id, length('typeform:respondents:') + 1) as native_id,
    {{ record_columns({
        'created_at': 'min(coalesce(submitted_at, landed_at))',
        'updated_at': 'max(coalesce(submitted_at, landed_at))',
        'delivered_date': 'max(delivered_date)'
    }) }}
from {{ ref('int_typeform__responses') }}
where record_id is not null
group by record_id
