with versions as (
    {{ latest_by_key(source('zoom', 'polls'), ['session_uuid', 'meeting_id', 'lower(email)', 'name', 'answers']) }}
)

select
    coalesce(session_uuid, meeting_id, '') as session_key,
    lower({{ clean_text('email') }}) as email,
    name,
    answers,
    _dt as delivered_date
from versions
