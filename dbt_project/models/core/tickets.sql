select
    tickets.ticket_id,
    tickets.source,
    records.record_id,
    touchpoints.channel,
    tickets.touchpoint,
    tickets.subject,
    tickets.ticket_type,
    tickets.priority,
    lower(tickets.status) as status,
    tickets.created_at,
    tickets.solved_at,
    tickets.first_reply_minutes,
    tickets.resolution_minutes,
    tickets.reopens,
    tickets.replies,
    tickets.is_deleted
from {{ ref('int_tickets_unioned') }} as tickets
left join {{ ref('touchpoints') }} as touchpoints on tickets.touchpoint = touchpoints.touchpoint
left join {{ ref('customer_records') }} as records on tickets.record_id = records.record_id
