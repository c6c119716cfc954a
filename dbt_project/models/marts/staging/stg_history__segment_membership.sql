select
    cast(profile_id as varchar) as profile_id,
    cast(segment as varchar) as segment,
    cast(entered_at as date) as entered_at,
    cast(exited_at as date) as exited_at,
    cast(definition_version as varchar) as definition_version
from {{ source('history', 'segment_membership') }}
