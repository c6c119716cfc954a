-- The shown name is what people like: "Jane S (Jane Sample)" after a change, "iPhone", "Jane (Sales)".
with versions as (
    {{ latest_by_key(source('zoom', 'participants'), [
        'meeting_id', 'session_uuid', 'session_user_id', 'lower(email)', 'name', 'joined_at', 'breakout_id'
    ]) }}
)

select
    meeting_id,
    -- A series repeats its id; without the session's own id the day tells its sessions apart.
    coalesce(session_uuid, concat_ws('|', meeting_id, cast(cast(joined_at as date) as varchar))) as session_key,
    session_user_id,
    name,
    lower({{ clean_text('email') }}) as email,
    nullif(registrant_id, '') as registrant_id,
    nullif(customer_key, '') as customer_key,
    joined_at,
    coalesce(
        left_at,
        {{ dbt.dateadd('second', 'coalesce(duration_seconds, duration_minutes * 60, 0)', 'joined_at') }}
    ) as left_at,
    coalesce(in_waiting_room, lower(status) = 'in_waiting_room', false) as is_waiting,
    _dt as delivered_date
from versions
