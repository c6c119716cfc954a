select
    cast(record_id as varchar) as record_id,
    cast(profile_id as varchar) as profile_id,
    cast(since as date) as since
from {{ source('identity', 'profile_members') }}
