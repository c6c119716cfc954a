select
    cast(source as varchar) as source,
    cast(object as varchar) as object,
    cast(dt as date) as dt,
    cast(reason as varchar) as reason,
    cast(rows as bigint) as rows_quarantined
from {{ source('ops', 'quarantine_reasons') }}
