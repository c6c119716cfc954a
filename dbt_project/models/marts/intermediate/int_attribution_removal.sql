-- Removal effect of each touchpoint in a first-order Markov chain (Anderl, Becker, von Wangenheim and Schumann 2016):
-- the share of the conversion probability that is lost when every way through the touchpoint ends nowhere. Paths that
-- led to a sale end in (conversion); touches that no sale followed within the look-back window, once it is over, are
-- paths that end in (null). Repeats of a touchpoint are one state: staying changes no way out.
with recursive converted as (
    select
        order_id as path_id,
        step,
        touchpoint as state,
        '(conversion)' as outcome
    from {{ ref('int_attribution_paths') }}
    where touchpoint is not null and is_sale
),

failed as (
    select
        touches.profile_id,
        touches.touchpoint,
        touches.campaign_id,
        touches.touched_at
    from {{ ref('int_touches') }} as touches
    left join {{ ref('int_orders_profiled') }} as orders
        on
            touches.profile_id = orders.profile_id
            and orders.ordered_at >= touches.touched_at
            and orders.ordered_at < touches.touched_at + interval {{ var('attribution_window_days') }} day
            and {{ is_sale('orders') }}
    where
        orders.order_id is null
        and touches.touched_at < {{ as_of_end() }} - interval {{ var('attribution_window_days') }} day
),

gaps as (
    select
        profile_id,
        touchpoint,
        campaign_id,
        touched_at,
        cast(coalesce(
            touched_at > lag(touched_at) over (partition by profile_id order by touched_at)
            + interval {{ var('attribution_window_days') }} day, false
        ) as integer) as is_gap
    from failed
),

failed_paths as (
    select
        -- touches of one instant are of one path: without rows in the frame, all of them count
        profile_id || '|' || cast(sum(is_gap) over (partition by profile_id order by touched_at) as varchar) as path_id,
        row_number() over (partition by profile_id order by touched_at, touchpoint, campaign_id) as step,
        touchpoint as state,
        '(null)' as outcome
    from gaps
),

visits as (
    select
        path_id,
        outcome,
        state,
        step,
        coalesce(lag(state) over (partition by outcome, path_id order by step), '(start)') as previous_state,
        lead(state) over (partition by outcome, path_id order by step) is null as is_end
    from (
        select * from converted
        union all
        select * from failed_paths
    ) as paths
),

moves as (
    select
        previous_state as from_state,
        state as to_state
    from visits
    where previous_state <> state

    union all

    select
        state,
        outcome
    from visits
    where is_end
),

edges as (
    select
        from_state,
        to_state,
        count(*) / cast(sum(count(*)) over (partition by from_state) as double) as share
    from moves
    group by from_state, to_state
),

-- Each touchpoint in turn, and none. From the edges, which every touchpoint has: read twice, DuckDB counts them once and
-- not in every step of the walk.
removals as (
    select distinct from_state as state
    from edges
    where from_state <> '(start)'
    union all
    select '(none)'
),

-- Where somebody is after n moves, with each touchpoint taken out in turn and with none; what is left below 1e-12 is
-- dropped, so that the walk ends. It reads small CTEs only: Spark has it walked on the driver.
walk as (
    select
        removals.state as removed_state,
        '(start)' as state,
        cast(1 as double) as probability,
        0 as moved
    from removals

    union all

    select
        walk.removed_state,
        edges.to_state,
        sum(walk.probability * edges.share),
        walk.moved + 1
    from walk
    inner join edges on walk.state = edges.from_state
    where edges.to_state <> walk.removed_state and walk.moved < 1000
    group by walk.removed_state, edges.to_state, walk.moved
    having sum(walk.probability * edges.share) > 1e-12
),

reached as (
    select
        removed_state,
        coalesce(sum(probability) filter (where state = '(conversion)'), 0) as conversion_probability
    from walk
    group by removed_state
),

paths as (
    select
        state,
        count(distinct path_id) filter (where outcome = '(conversion)') as conversions,
        count(distinct path_id) filter (where outcome = '(null)') as failures
    from visits
    group by state
),

effects as (
    select
        paths.state as touchpoint,
        paths.conversions,
        paths.failures,
        whole.conversion_probability,
        reached.conversion_probability as conversion_probability_without,
        case
            when whole.conversion_probability > 0
                then greatest(1 - reached.conversion_probability / whole.conversion_probability, 0)
            else 0
        end as removal_effect
    from paths
    inner join reached on paths.state = reached.removed_state
    inner join reached as whole on whole.removed_state = '(none)'
)

select
    touchpoint,
    conversions,
    failures,
    round(conversion_probability, 9) as conversion_probability,
    round(conversion_probability_without, 9) as conversion_probability_without,
    round(removal_effect, 9) as removal_effect,
    round(removal_effect / nullif(sum(removal_effect) over (), 0), 9) as share
from effects
