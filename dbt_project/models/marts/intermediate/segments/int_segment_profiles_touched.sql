-- Profiles that merged or split since the published snapshot, by what happened. `origin_profile_id` is the profile whose
-- records a part took along; the parts of a split go on with its open intervals.
with unpublished as (
    select
        event,
        profile_id,
        related_profile_id
    from {{ ref('stg_identity__profile_events') }}
    where
        event in ('merged', 'split', 'reinstated')
        and as_of <= {{ as_of_date() }}
        and run_id not in (select runs.run_id from {{ ref('stg_history__profile_event_runs') }} as runs)
)

select distinct
    profile_id,
    'merged' as cause,
    cast(null as varchar) as origin_profile_id
from unpublished
where event = 'merged'

union all

select distinct
    related_profile_id,
    'split',
    profile_id
from unpublished
where event = 'split'

union all

-- What remains of a profile that was torn apart, and one that stands again.
select distinct
    profile_id,
    'split',
    cast(null as varchar)
from unpublished
where event in ('split', 'reinstated')
