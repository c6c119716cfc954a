-- Profiles whose habits by the clock on the wall are made again: other acts in 365 days, or another time zone.
select profile_id
from {{ ref('int_activity_changed') }}
where days in (0, 365)

union

select profile_id
from {{ ref('int_time_zones_changed') }}
