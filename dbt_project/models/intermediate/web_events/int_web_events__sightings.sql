-- Calls that carry both a device and a person.
select
    anonymous_id,
    record_id,
    call_type,
    occurred_at,
    message_id
from {{ ref('int_web_events__calls') }}
where
    anonymous_id is not null
    and record_id is not null
