with versions as (
    {{ first_by_key(source('x_twitter', 'dm_events'), ['event_id']) }}
)

select
    event_id,
    event_type,
    conversation_id,
    sender_id,
    coalesce(created_at, {{ snowflake_time('event_id') }}) as created_at,
    _dt as delivered_date
from versions
