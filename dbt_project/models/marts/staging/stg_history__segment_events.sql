select
    cast(cursor as bigint) as cursor,
    cast(profile_id as varchar) as profile_id,
    cast(segment as varchar) as segment,
    cast(event as varchar) as event,
    cast(as_of as date) as as_of,
    cast(reason as varchar) as reason,
    cast(definition_version as varchar) as definition_version
from {{ source('history', 'segment_events') }}
