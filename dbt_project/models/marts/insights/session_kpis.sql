{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.channel = remade.channel and kept.month = remade.month and remade.is_changed', ref('int_session_months_changed')) }}"
) }}
-- depends_on: {{ ref('int_session_months_changed') }}
select
    channel,
    cast(date_trunc('month', started_at) as date) as month,
    count(*) as sessions,
    count(distinct visitor_id) as visitors,
    count(distinct profile_id) as profiles,
    round(count(profile_id) / cast(count(*) as double), 6) as identified_share,
    round(avg(interactions), 4) as interactions_per_session,
    round(median(date_diff('second', started_at, ended_at)), 1) as median_seconds,
    round(count(*) filter (where interactions = 1) / cast(count(*) as double), 6) as single_interaction_share,
    round(count(*) filter (where campaign_id is not null) / cast(count(*) as double), 6) as campaign_share,
    round(count(*) filter (where has_purchase) / cast(count(*) as double), 6) as purchase_share
from {{ ref('int_sessions') }}
{% if by_change() -%}
where
    (channel, cast(date_trunc('month', started_at) as date)) in (
        select (changed.channel, changed.month)
        from {{ ref('int_session_months_changed') }} as changed
        where changed.is_changed
    )
{% endif -%}
group by channel, cast(date_trunc('month', started_at) as date)
