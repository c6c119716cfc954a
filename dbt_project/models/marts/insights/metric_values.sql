{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=[
        "{{ remade(\"kept.dimension = 'segment'\") }}",
        "{{ remade(
            \"date_trunc('quarter', kept.period_start) = remade.quarter and remade.is_changed\",
            ref('int_metric_quarters_changed')
        ) }}"
    ]
) }}
-- Generated from dbt_project/metrics/*.yml by `python -m cdp_pipeline.metrics`: edit those.
-- depends_on: {{ ref('int_metric_quarters_changed') }}
with counted as (
select
    'average_order_value' as metric,
    'mean' as kind,
    1 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(count(value) as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(stddev_pop(value) as double) as spread
from (
    select
        date_trunc('month', ordered_at) as month,
        date_trunc('quarter', ordered_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        net_amount as value
    from {{ ref('int_sales_history') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', ordered_at) = changed.changed_quarter
    {%- endif %}
    where is_purchase
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'bot_containment' as metric,
    'share' as kind,
    100 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(count(value) as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', ended_at) as month,
        date_trunc('quarter', ended_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(queue, 'unknown') as touchpoint,
        cast(is_contained as integer) as value
    from {{ ref('int_bot_conversations') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', ended_at) = changed.changed_quarter
    {%- endif %}
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'ces' as metric,
    'share' as kind,
    100 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(count(value) as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', occurred_at) as month,
        date_trunc('quarter', occurred_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        cast(is_favourable as integer) as value
    from {{ ref('int_feedback_profiled') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', occurred_at) = changed.changed_quarter
    {%- endif %}
    where score_kind = 'ces'
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'conversion_rate' as metric,
    'share' as kind,
    100 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(count(value) as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', visited_at) as month,
        date_trunc('quarter', visited_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        cast(is_converted as integer) as value
    from {{ ref('int_touchpoint_visits') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', visited_at) = changed.changed_quarter
    {%- endif %}
    where is_mature
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'cost_per_acquisition' as metric,
    'ratio' as kind,
    1 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('numerator') }}) as double) as numerator,
    cast(sum({{ steady('denominator') }}) as double) as denominator,
    cast(count(*) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', occurred_at) as month,
        date_trunc('quarter', occurred_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        cost_amount as numerator,
        new_customers as denominator
    from {{ ref('int_touchpoint_economics') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', occurred_at) = changed.changed_quarter
    {%- endif %}
    where channel in ('online_ads', 'postal_mail', 'event', 'email')
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'csat' as metric,
    'share' as kind,
    100 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(count(value) as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', occurred_at) as month,
        date_trunc('quarter', occurred_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        cast(is_satisfied as integer) as value
    from {{ ref('int_feedback_profiled') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', occurred_at) = changed.changed_quarter
    {%- endif %}
    where score_kind = 'csat'
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'first_reply_breach_rate' as metric,
    'share' as kind,
    100 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(count(value) as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', created_at) as month,
        date_trunc('quarter', created_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(queue, 'unknown') as touchpoint,
        cast(is_first_reply_late_business as integer) as value
    from {{ ref('int_tickets_timed') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', created_at) = changed.changed_quarter
    {%- endif %}
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'first_reply_minutes' as metric,
    'median' as kind,
    1 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(null as double) as numerator,
    cast(null as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(median(value) as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', created_at) as month,
        date_trunc('quarter', created_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(queue, 'unknown') as touchpoint,
        first_reply_business_minutes as value
    from {{ ref('int_tickets_timed') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', created_at) = changed.changed_quarter
    {%- endif %}
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'new_customers' as metric,
    'sum' as kind,
    1 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(null as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', ordered_at) as month,
        date_trunc('quarter', ordered_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        case when is_repeat then 0 else 1 end as value
    from {{ ref('int_sales_history') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', ordered_at) = changed.changed_quarter
    {%- endif %}
    where is_purchase and profile_id is not null
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'nps' as metric,
    'mean' as kind,
    100 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(count(value) as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(stddev_pop(value) as double) as spread
from (
    select
        date_trunc('month', occurred_at) as month,
        date_trunc('quarter', occurred_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        case nps_group when 'promoter' then 1 when 'detractor' then -1 else 0 end as value
    from {{ ref('int_feedback_profiled') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', occurred_at) = changed.changed_quarter
    {%- endif %}
    where nps_group is not null
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'reopen_rate' as metric,
    'share' as kind,
    100 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(count(value) as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', created_at) as month,
        date_trunc('quarter', created_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(queue, 'unknown') as touchpoint,
        cast(coalesce(reopens, 0) > 0 as integer) as value
    from {{ ref('int_tickets_timed') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', created_at) = changed.changed_quarter
    {%- endif %}
    where closed_at is not null
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'repeat_rate' as metric,
    'share' as kind,
    100 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(count(value) as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', ordered_at) as month,
        date_trunc('quarter', ordered_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        cast(is_repeat as integer) as value
    from {{ ref('int_sales_history') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', ordered_at) = changed.changed_quarter
    {%- endif %}
    where is_purchase and profile_id is not null
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'resolution_minutes' as metric,
    'median' as kind,
    1 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(null as double) as numerator,
    cast(null as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(median(value) as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', created_at) as month,
        date_trunc('quarter', created_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(queue, 'unknown') as touchpoint,
        resolution_business_minutes as value
    from {{ ref('int_tickets_timed') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', created_at) = changed.changed_quarter
    {%- endif %}
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'resolution_rate' as metric,
    'share' as kind,
    100 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(count(value) as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', created_at) as month,
        date_trunc('quarter', created_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(queue, 'unknown') as touchpoint,
        cast(closed_at is not null as integer) as value
    from {{ ref('int_tickets_timed') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', created_at) = changed.changed_quarter
    {%- endif %}
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'return_on_ad_spend' as metric,
    'ratio' as kind,
    1 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('numerator') }}) as double) as numerator,
    cast(sum({{ steady('denominator') }}) as double) as denominator,
    cast(count(*) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', occurred_at) as month,
        date_trunc('quarter', occurred_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        revenue_amount as numerator,
        cost_amount as denominator
    from {{ ref('int_touchpoint_economics') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', occurred_at) = changed.changed_quarter
    {%- endif %}
    where channel in ('online_ads', 'postal_mail', 'event', 'email')
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'revenue' as metric,
    'sum' as kind,
    1 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(null as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', ordered_at) as month,
        date_trunc('quarter', ordered_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        net_amount as value
    from {{ ref('int_sales_history') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', ordered_at) = changed.changed_quarter
    {%- endif %}
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'review_score' as metric,
    'share' as kind,
    100 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(count(value) as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', occurred_at) as month,
        date_trunc('quarter', occurred_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        cast(is_favourable as integer) as value
    from {{ ref('int_feedback_profiled') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', occurred_at) = changed.changed_quarter
    {%- endif %}
    where score_kind = 'review'
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
union all
select
    'touchpoint_cost' as metric,
    'sum' as kind,
    1 as scale,
    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,
    cast(coalesce(quarter, month) as date) as period_start,
    case when grouping(channel) = 0 then 'channel' when grouping(touchpoint) = 0 then 'touchpoint' else 'all' end as dimension,
    case when grouping(channel) = 0 then channel when grouping(touchpoint) = 0 then touchpoint else 'all' end as member,
    cast(sum({{ steady('value') }}) as double) as numerator,
    cast(null as double) as denominator,
    cast(count(value) as bigint) as n,
    cast(null as double) as middle,
    cast(null as double) as spread
from (
    select
        date_trunc('month', occurred_at) as month,
        date_trunc('quarter', occurred_at) as quarter,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        cost_amount as value
    from {{ ref('int_touchpoint_economics') }} as facts
    {% if by_change() -%}
    inner join (
        select quarter as changed_quarter
        from {{ ref('int_metric_quarters_changed') }}
        where is_changed
    ) as changed
        on date_trunc('quarter', occurred_at) = changed.changed_quarter
    {%- endif %}
) as facts
group by grouping sets ((month), (month, channel), (month, touchpoint), (quarter), (quarter, channel), (quarter, touchpoint))
)

{{ metric_values_of('counted') }}

union all

select *
from {{ ref('int_metric_segments') }}
