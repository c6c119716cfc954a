select
    cast(household_id as varchar) as household_id,
    cast(profile_id as varchar) as profile_id
from {{ source('identity', 'households') }}
