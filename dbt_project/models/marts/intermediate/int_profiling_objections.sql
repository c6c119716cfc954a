-- Profiles that must not be scored: a denial of profiling on one channel, in one record, is one for all.
select distinct profile_id
from {{ ref('profile_consent') }}
where purpose = 'profiling' and state = 'denied'
