select
    'dianping:' || {{ keyed_hash(['store_name', 'review_id']) }} as feedback_id,
    'dianping' as source,
    cast(null as varchar) as record_id,
    'review' as survey_type,
    score,
    content as comment,
    reviewed_at as occurred_at,
    cast(null as varchar) as order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_dianping__reviews') }}
