select
    cast(event_id as varchar) as event_id,
    cast(as_of as date) as as_of,
    cast(run_id as varchar) as run_id,
    cast(event as varchar) as event,
    cast(profile_id as varchar) as profile_id,
    cast(related_profile_id as varchar) as related_profile_id,
    cast(reason as varchar) as reason
from {{ source('identity', 'profile_events') }}
