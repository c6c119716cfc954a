select
    tickets.ticket_id,
    members.profile_id,
    tickets.source,
    tickets.channel,
    tickets.touchpoint,
    lower(tickets.priority) as priority,
    tickets.created_at,
    -- Known at the as-of: a ticket solved later was still open then.
    case when tickets.solved_at < {{ as_of_end() }} then tickets.solved_at end as solved_at,
    tickets.status in ('solved', 'closed')
    and coalesce(tickets.solved_at, tickets.created_at) < {{ as_of_end() }} as is_solved,
    tickets.first_reply_minutes,
    tickets.resolution_minutes,
    tickets.reopens,
    tickets.replies
from {{ ref('tickets') }} as tickets
left join {{ ref('stg_identity__profile_members') }} as members on tickets.record_id = members.record_id
where
    not coalesce(tickets.is_deleted, false)
    and tickets.created_at < {{ as_of_end() }}
