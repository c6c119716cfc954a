{{ config(alias='identity') }}
with clusters as (
    select
        profile_id,
        count(*) as size
    from {{ ref('profile_members') }}
    group by profile_id
),

metrics as (
    select 'records' as metric, cast(coalesce(sum(size), 0) as double) as value from clusters
    union all
    select 'profiles', cast(count(*) as double) from clusters
    union all
    -- The share of records that share their profile with another record.
    select 'match_rate', coalesce(sum(size) filter (where size > 1) / nullif(cast(sum(size) as double), 0), 0) from clusters
    union all
    select 'records_without_profile', cast(count(*) as double)
    from {{ ref('customer_records') }} as records
    left join {{ ref('stg_identity__profile_members') }} as members on records.record_id = members.record_id
    where members.record_id is null and not coalesce(records.is_deleted, false)
    union all
    select 'cluster_size_p50', coalesce(quantile_disc(size, 0.5), 0) from clusters
    union all
    select 'cluster_size_p95', coalesce(quantile_disc(size, 0.95), 0) from clusters
    union all
    select 'cluster_size_p99', coalesce(quantile_disc(size, 0.99), 0) from clusters
    union all
    select 'cluster_size_max', coalesce(max(size), 0) from clusters
    union all
    select 'singletons', cast(count(*) filter (where size = 1) as double) from clusters
    union all
    select 'edges_' || kind, cast(count(*) as double) from {{ ref('stg_identity__edges') }} group by kind
    union all
    select 'dropped_edges', cast(count(*) as double) from {{ ref('stg_identity__dropped_edges') }}
    union all
    select 'dropped_edges_' || reason, cast(count(*) as double)
    from {{ ref('stg_identity__dropped_edges') }}
    where reason is not null
    group by reason
    union all
    select 'review_queue', cast(count(*) as double) from {{ ref('stg_identity__review_queue') }}
    union all
    select 'untrusted_identifiers', cast(count(*) as double)
    from {{ ref('stg_identity__record_identifiers') }}
    where not is_trusted
    union all
    select 'events_' || event, cast(count(*) as double)
    from {{ ref('stg_identity__profile_events') }}
    where as_of = {{ as_of_date() }}
    group by event
    union all
    select 'households', cast(count(distinct household_id) as double) from {{ ref('stg_identity__households') }}
    union all
    select 'interactions_identified_share', coalesce(count(profile_id) / nullif(cast(count(*) as double), 0), 0)
    from {{ ref('int_interactions_profiled') }}
)

select
    metric,
    {{ as_of_date() }} as as_of,
    round(value, 6) as value
from metrics
