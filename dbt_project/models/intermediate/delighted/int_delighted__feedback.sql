select
    'delighted:' || response_id as feedback_id,
    'delighted' as source,
    'delighted:people:' || person_id as record_id,
    survey_type,
    score,
    comment,
    coalesce(updated_at, created_at) as occurred_at,
    coalesce(
        {{ json_text('person_properties', '$."Order ID"') }},
        {{ json_text('person_properties', '$.order_id') }}
    ) as order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_delighted__survey_responses') }}
