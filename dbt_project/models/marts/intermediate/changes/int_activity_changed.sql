-- Profiles whose activity in the last `days` days is another than in the last build (0: in all time): those with other
-- interactions, and those that are new among the live ones or no longer of them.
select
    profile_id,
    days
from {{ ref('int_interaction_windows_changed') }}

union

select
    profile_id,
    0 as days
from {{ ref('int_records_changed') }}
where {{ 'is_changed and (is_new or n is null)' if by_change() else 'false' }}
