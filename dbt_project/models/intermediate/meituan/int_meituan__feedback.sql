-- A review names a store only: neither who wrote it nor the order.
select
    'meituan:' || comment_id as feedback_id,
    'meituan' as source,
    cast(null as varchar) as record_id,
    'review' as survey_type,
    score,
    case when added_content is null then content else concat_ws(' ', content, added_content) end as comment,
    cast(reviewed_on as timestamp) as occurred_at,
    cast(null as varchar) as order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_meituan__reviews') }}
