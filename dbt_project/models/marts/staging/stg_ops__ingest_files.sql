select
    cast(source as varchar) as source,
    cast(object as varchar) as object,
    cast(dt as date) as dt,
    cast(file as varchar) as file,
    cast(rows_delivered as bigint) as rows_delivered,
    cast(rows_raw as bigint) as rows_raw,
    cast(rows_quarantined as bigint) as rows_quarantined,
    cast(rows_erased as bigint) as rows_erased,
    cast(status as varchar) as status,
    cast(message as varchar) as message
from {{ source('ops', 'ingest_files') }}
