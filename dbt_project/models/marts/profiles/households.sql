select
    households.household_id,
    households.profile_id,
    cast(count(*) over (partition by households.household_id) as bigint) as n_members
from {{ ref('stg_identity__households') }} as households
where households.profile_id in (select live.profile_id from {{ ref('int_records_profiled') }} as live)
