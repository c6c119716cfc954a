with versions as (
    {{ latest_by_key(source('zoom', 'sessions'), ['session_uuid']) }}
)

select
    session_uuid,
    meeting_id,
    topic,
    started_at,
    ended_at,
    lower(host_email) as host_email,
    _dt as delivered_date
from versions
