with versions as (
    {{ latest_by_key(source('zoho_crm', 'events'), ['event_id'], updated_at='updated_at') }}
)

select
    trim(event_id) as event_id,
    title,
    started_at,
    ended_at,
    trim(who_id) as who_id,
    trim(what_id) as what_id,
    participants,
    updated_at,
    _dt as delivered_date
from versions
