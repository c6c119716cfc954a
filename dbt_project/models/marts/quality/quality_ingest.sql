{{ config(alias='ingest') }}
with reasons as (
    select
        source,
        object,
        dt,
        string_agg(reason || ': ' || rows_quarantined, ', ' order by rows_quarantined desc, reason) as reasons
    from {{ ref('stg_ops__quarantine_reasons') }}
    group by source, object, dt
)

select
    files.source,
    files.object,
    files.dt,
    files.file,
    files.rows_delivered,
    files.rows_raw,
    files.rows_quarantined,
    files.rows_erased,
    coalesce(files.rows_delivered = files.rows_raw + files.rows_quarantined + files.rows_erased, false) as is_reconciled,
    files.status,
    files.message,
    case when files.rows_quarantined > 0 then reasons.reasons end as quarantine_reasons
from {{ ref('stg_ops__ingest_files') }} as files
left join reasons on files.source = reasons.source and files.object = reasons.object and files.dt = reasons.dt
