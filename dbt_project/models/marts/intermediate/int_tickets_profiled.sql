select
    tickets.ticket_id,
    members.profile_id,
    tickets.source,
    tickets.channel,
    tickets.touchpoint,
    lower(tickets.priority) as priority,
    tickets.created_at,
    -- Known at the as-of: a ticket solved later was still open then.
    case when {{ known_by('tickets.solved_at') }} then tickets.solved_at end as solved_at,
    tickets.status in ('solved', 'closed')
    and {{ known_by('coalesce(tickets.solved_at, tickets.created_at)') }} as is_solved,
    -- a reply or a solution of a later moment is not known yet
    case
        when {{ known_by('tickets.created_at + to_minutes(tickets.first_reply_minutes)') }}
            then tickets.first_reply_minutes
    end as first_reply_minutes,
    case
        when {{ known_by('tickets.created_at + to_minutes(tickets.resolution_minutes)') }}
            then tickets.resolution_minutes
    end as resolution_minutes,
    tickets.reopens,
    tickets.replies
from {{ ref('tickets') }} as tickets
left join {{ ref('stg_identity__profile_members') }} as members on tickets.record_id = members.record_id
where
    not coalesce(tickets.is_deleted, false)
    and {{ known_by('tickets.created_at') }}
