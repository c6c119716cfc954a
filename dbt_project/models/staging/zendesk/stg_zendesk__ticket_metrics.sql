with versions as (
    {{ latest_by_key(source('zendesk', 'ticket_metrics'), ['ticket_id'], updated_at='updated_at') }}
)

select
    trim(ticket_id) as ticket_id,
    reply_minutes,
    first_resolution_minutes,
    full_resolution_minutes,
    replies,
    reopens,
    solved_at,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
