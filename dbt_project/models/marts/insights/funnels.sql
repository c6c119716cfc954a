{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.funnel = remade.funnel and kept.channel = remade.scope and kept.month = remade.month and remade.is_changed', ref('int_funnel_months_changed')) }}"
) }}
-- depends_on: {{ ref('int_funnel_months_changed') }}
-- Visitors are told apart by a hash: whole numbers group several times faster than ids.
with reached as (
    select
        funnel,
        scope,
        cast(date_trunc('month', entered_at) as date) as month,
        stage_no,
        {{ row_hash(['visitor_id']) }} as visitor,
        -- a visitor who is known is the profile
        max(case when profile_id is not null then 1 else 0 end) as is_profile,
        min(date_diff('second', entered_at, occurred_at)) as seconds
    from {{ ref('int_funnel_steps') }}
    {% if by_change() -%}
    where
        (funnel, scope, cast(date_trunc('month', entered_at) as date)) in (
            select (changed.funnel, changed.scope, changed.month)
            from {{ ref('int_funnel_months_changed') }} as changed
            where changed.is_changed
        )
    {% endif -%}
    group by funnel, scope, cast(date_trunc('month', entered_at) as date), stage_no, {{ row_hash(['visitor_id']) }}
),

counted as (
    select
        funnel,
        scope,
        month,
        stage_no,
        count(*) as visitors,
        cast(sum(is_profile) as bigint) as profiles,
        median(seconds) / 3600.0 as median_hours
    from reached
    group by funnel, scope, month, stage_no
),

-- Every stage of an entered funnel has a row, also where nobody got there.
complete as (
    select
        stages.funnel,
        entered.scope,
        entered.month,
        stages.stage_no,
        stages.stage,
        entered.visitors as entered_visitors,
        coalesce(counted.visitors, 0) as visitors,
        coalesce(counted.profiles, 0) as profiles,
        counted.median_hours
    from (
        select distinct
            funnel,
            stage_no,
            stage
        from {{ ref('funnel_stages') }}
    ) as stages
    inner join counted as entered on stages.funnel = entered.funnel and entered.stage_no = 1
    left join counted
        on
            stages.funnel = counted.funnel
            and stages.stage_no = counted.stage_no
            and entered.scope = counted.scope
            and entered.month = counted.month
)

select
    funnel,
    scope as channel,
    month,
    stage_no,
    stage,
    visitors,
    profiles,
    round(visitors / cast(entered_visitors as double), 6) as share_of_entered,
    round(visitors / nullif(cast(lag(visitors) over (ordered) as double), 0), 6) as share_of_previous,
    lag(visitors) over (ordered) - visitors as drop_off,
    round(median_hours, 2) as median_hours
from complete
window ordered as (partition by funnel, scope, month order by stage_no)
