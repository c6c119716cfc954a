select
    cast(alias_profile_id as varchar) as alias_profile_id,
    cast(profile_id as varchar) as profile_id
from {{ source('identity', 'profile_aliases') }}
