{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.channel = remade.channel and kept.month = remade.month and remade.is_changed', ref('int_session_months_changed')) }}"
) }}
-- depends_on: {{ ref('int_session_months_changed') }}
with sessions as (
    select
        *,
        cast(date_trunc('month', started_at) as date) as month
    from {{ ref('int_sessions') }}
    {% if by_change() -%}
    where
        (channel, cast(date_trunc('month', started_at) as date)) in (
            select (changed.channel, changed.month)
            from {{ ref('int_session_months_changed') }} as changed
            where changed.is_changed
        )
    {%- endif %}
),

-- A visitor who is known is the profile. Counted by a hash: whole numbers group several times faster than ids.
visitors as (
    select
        channel,
        month,
        count(*) as visitors,
        sum(is_profile) as profiles
    from (
        select
            channel,
            month,
            {{ row_hash(['visitor_id']) }} as visitor,
            max(case when profile_id is not null then 1 else 0 end) as is_profile
        from sessions
        group by channel, month, {{ row_hash(['visitor_id']) }}
    ) as seen
    group by channel, month
),

counted as (
    select
        channel,
        month,
        count(*) as sessions,
        round(count(profile_id) / cast(count(*) as double), 6) as identified_share,
        round(avg(interactions), 4) as interactions_per_session,
        round(median(date_diff('second', started_at, ended_at)), 1) as median_seconds,
        round(count(*) filter (where interactions = 1) / cast(count(*) as double), 6) as single_interaction_share,
        round(count(*) filter (where campaign_id is not null) / cast(count(*) as double), 6) as campaign_share,
        round(count(*) filter (where has_purchase) / cast(count(*) as double), 6) as purchase_share
    from sessions
    group by channel, month
)

select
    counted.channel,
    counted.month,
    counted.sessions,
    visitors.visitors,
    cast(visitors.profiles as bigint) as profiles,
    counted.identified_share,
    counted.interactions_per_session,
    counted.median_seconds,
    counted.single_interaction_share,
    counted.campaign_share,
    counted.purchase_share
from counted
inner join visitors on counted.channel = visitors.channel and counted.month = visitors.month
