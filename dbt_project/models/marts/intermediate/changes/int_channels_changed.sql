-- Profiles whose channels are told again: other interactions or sales in 365 days.
select profile_id
from {{ ref('int_interaction_windows_changed') }}
where days in (0, 365)

union

select profile_id
from {{ ref('int_order_windows_changed') }}
where days in (0, 365)
