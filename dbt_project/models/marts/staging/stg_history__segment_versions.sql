select
    cast(segment as varchar) as segment,
    cast(definition_version as varchar) as definition_version,
    cast(version as integer) as version,
    cast(condition as varchar) as condition,
    cast(exclusions as varchar) as exclusions,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to,
    cast(evaluated_at as date) as evaluated_at,
    cast(members as bigint) as members
from {{ source('history', 'segment_versions') }}
