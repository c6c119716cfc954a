select
    cast(anonymous_id as varchar) as anonymous_id,
    cast(profile_id as varchar) as profile_id,
    cast(valid_from as timestamp) as valid_from,
    cast(valid_to as timestamp) as valid_to
from {{ source('identity', 'anonymous_links') }}
