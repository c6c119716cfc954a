with versions as (
    {{ latest_by_key(source('zendesk', 'satisfaction_ratings'), ['rating_id'], updated_at='updated_at') }}
)

select
    trim(rating_id) as rating_id,
    trim(ticket_id) as ticket_id,
    trim(requester_id) as requester_id,
    score,
    comment,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
