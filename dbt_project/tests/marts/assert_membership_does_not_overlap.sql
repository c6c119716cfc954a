{{ config(tags=['marts']) }}
-- Intervals of one profile in one segment lie apart and hold at least one day.
select
    profile_id,
    segment,
    entered_at,
    exited_at
from {{ ref('seg_membership') }}
qualify
    coalesce(exited_at <= entered_at, false)
    or coalesce(
        coalesce(exited_at, date '9999-12-31')
        >= lead(entered_at) over (partition by profile_id, segment order by entered_at),
        false
    )
