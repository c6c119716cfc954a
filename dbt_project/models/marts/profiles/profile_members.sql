select
    members.record_id,
    members.profile_id,
    members.since,
    split_part(members.record_id, ':', 1) as source
from {{ ref('stg_identity__profile_members') }} as members
where members.profile_id in (select live.profile_id from {{ ref('int_records_profiled') }} as live)
