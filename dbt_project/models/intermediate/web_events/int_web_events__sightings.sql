-- Events that carry both a device and a person, and aliases, which say that a device's id became a person's.
select
    anonymous_id,
    record_id,
    call_type,
    occurred_at,
    tracker || ':' || event_key as message_id
from {{ ref('int_web_events__events') }}
where
    anonymous_id is not null
    and record_id is not null
union all
select
    anonymous_id,
    record_id,
    'identify' as call_type,
    occurred_at,
    'segment:' || message_id as message_id
from {{ ref('int_web_events__aliases') }}
where anonymous_id is not null
