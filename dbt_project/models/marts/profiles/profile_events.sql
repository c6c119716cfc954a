select
    event_id,
    as_of,
    run_id,
    event,
    profile_id,
    related_profile_id,
    reason
from {{ ref('stg_identity__profile_events') }}
