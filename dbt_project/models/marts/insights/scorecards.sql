-- Metrics over all and by touchpoint, monthly and quarterly, against the period before and the declared target. Fewer
-- than 5 rows decide nothing: the value stands, the status says so.
with valued as (
    select
        metric_values.*,
        lag(value) over (ordered) as lag_value,
        lag(period_start) over (ordered) as lag_start
    from {{ ref('metric_values') }} as metric_values
    where dimension in ('all', 'touchpoint')
    window ordered as (partition by metric, period, dimension, member order by period_start)
),

compared as (
    select
        valued.*,
        -- The period just before, not the last one that happens to have a value.
        case
            when lag_start + case valued.period when 'month' then interval 1 month else interval 3 month end = valued.period_start
                then lag_value
        end as previous_value,
        metrics.title,
        metrics.owner,
        metrics.unit,
        metrics.direction,
        case metrics.direction when 'up' then 1 else -1 end as sign,
        coalesce(own.target, rest.target) as target,
        coalesce(own.tolerance, rest.tolerance) as tolerance
    from valued
    inner join {{ ref('metrics') }} as metrics on valued.metric = metrics.metric
    left join {{ ref('kpi_targets') }} as own
        on valued.metric = own.metric and valued.dimension = own.dimension and valued.member = own.member
    left join {{ ref('kpi_targets') }} as rest
        on valued.metric = rest.metric and valued.dimension = rest.dimension and rest.member = '*'
)

select
    metric,
    title,
    owner,
    unit,
    direction,
    period,
    period_start,
    is_complete,
    case dimension when 'touchpoint' then member else 'all' end as touchpoint,
    value,
    low,
    high,
    n,
    previous_value,
    round(value - previous_value, 6) as change,
    case
        when previous_value is null or value is null then null
        when sign * (value - previous_value) > 0 then 'better'
        when value = previous_value then 'same'
        else 'worse'
    end as trend,
    target,
    case
        when target is null then 'no_target'
        when value is null then 'no_value'
        when n < 5 then 'too_few'
        when sign * (value - target) >= 0 then 'met'
        when sign * (value - target) >= -tolerance * abs(target) then 'near'
        else 'missed'
    end as status
from compared
