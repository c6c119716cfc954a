-- Profiles with an interaction that left or joined in this build.
select distinct profile_id
from {{ ref('int_interactions_changed') }}
where profile_id is not null
