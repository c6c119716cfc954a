select
    cast(record_id as varchar) as record_id,
    cast(kind as varchar) as kind,
    cast(namespace as varchar) as namespace,
    cast(value_raw as varchar) as value_raw,
    cast(value as varchar) as value,
    cast(is_trusted as boolean) as is_trusted,
    cast(reason as varchar) as reason,
    cast(first_seen_at as timestamp) as first_seen_at,
    cast(last_seen_at as timestamp) as last_seen_at
from {{ source('identity', 'record_identifiers') }}
