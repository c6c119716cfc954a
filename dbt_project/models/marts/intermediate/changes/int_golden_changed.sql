-- Profiles whose golden record is made again: other records, contacts or household, or another act.
select profile_id
from {{ ref('int_records_changed') }}
where is_changed

union

select profile_id
from {{ ref('int_seen_changed') }}
