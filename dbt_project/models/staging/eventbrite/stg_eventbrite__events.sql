with versions as (
    {{ latest_by_key(source('eventbrite', 'events'), ['event_id'], updated_at='updated_at') }}
)

select
    trim(event_id) as event_id,
    trim(name) as name,
    started_at,
    ended_at,
    venue_timezone,
    venue_id,
    coalesce(is_online, false) as is_online,
    status,
    updated_at,
    _dt as delivered_date
from versions
