select
    feedback.feedback_id,
    feedback.source,
    records.record_id,
    touchpoints.channel,
    feedback.touchpoint,
    feedback.feedback_type,
    cast(feedback.score as bigint) as score,
    cast(feedback.score_min as bigint) as score_min,
    cast(feedback.score_max as bigint) as score_max,
    {{ clean_text('feedback.comment') }} as comment,
    feedback.occurred_at,
    feedback.order_id,
    feedback.ticket_id,
    feedback.product_id
from {{ ref('int_feedback') }} as feedback
left join {{ ref('touchpoints') }} as touchpoints on feedback.touchpoint = touchpoints.touchpoint
left join {{ ref('customer_records') }} as records on feedback.record_id = records.record_id
