{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='differing', on_schema_change='fail'
) }}
-- Materialised: else DuckDB pushes every condition into every branch of the union and cleans a value anew for each.
with identifiers as {{ 'materialized' if target.type == 'duckdb' }} (
    select
        record_id,
        kind,
        namespace,
        value_raw,
        {{ clean_text('value_raw') }} as value,
        is_trusted,
        reason,
        first_seen_at,
        last_seen_at
    from {{ ref('int_identifiers_unioned') }}
),

grouped as (
    select
        identifiers.record_id,
        identifiers.kind,
        identifiers.namespace,
        identifiers.value,
        min(identifiers.value_raw) as value_raw,
        bool_or(identifiers.is_trusted) as is_trusted,
        -- The best evidence decides: a reason stays only if no other mention at the same level goes without one.
        case
            when bool_or(identifiers.is_trusted and identifiers.reason is null) then null
            when bool_or(identifiers.is_trusted) then min(identifiers.reason) filter (where identifiers.is_trusted)
            else min(identifiers.reason)
        end as reason,
        min(identifiers.first_seen_at) as first_seen_at,
        max(identifiers.last_seen_at) as last_seen_at
    from identifiers
    inner join {{ ref('customer_records') }} as records on identifiers.record_id = records.record_id
    where
        identifiers.value is not null
        -- Masked numbers and addresses are nobody's.
        and not (identifiers.kind in ('phone', 'email') and identifiers.value like '%*%')
        and not (
            identifiers.kind = 'email'
            and {{ regexp_like('lower(identifiers.value)', '^[0-9]+@facebook[.]com$') }}
        )
    group by identifiers.record_id, identifiers.kind, identifiers.namespace, identifiers.value
)

select
    record_id,
    kind,
    namespace,
    value_raw,
    value,
    is_trusted,
    reason,
    first_seen_at,
    last_seen_at
from grouped
