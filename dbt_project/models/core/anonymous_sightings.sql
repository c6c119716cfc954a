-- Identify calls are all kept; of the other logged-in calls only those where the person on the device changes, which
-- bound the same intervals with a fraction of the rows.
with sightings as (
    select
        anonymous_id,
        record_id,
        case when call_type = 'identify' then 'identify' else 'login' end as kind,
        occurred_at,
        message_id,
        lag(record_id) over (partition by anonymous_id order by occurred_at, message_id) as previous_record_id,
        lead(record_id) over (partition by anonymous_id order by occurred_at, message_id) as next_record_id
    from {{ ref('int_sightings_unioned') }}
)

select distinct
    anonymous_id,
    record_id,
    kind,
    occurred_at
from sightings
where
    kind = 'identify'
    or record_id is distinct from previous_record_id
    or record_id is distinct from next_record_id
