{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.order_id = remade.order_id', ref('int_paths_changed')) }}"
) }}
-- The last sessions before each sale to a known person, in order, repeats in a row as one; the sale itself closes the
-- path. One row per sale and level: by channels and, apart, by touchpoints. Money that went back by an order of its own
-- has a row too, with `is_sale` false.
-- depends_on: {{ ref('int_paths_changed') }}
{% set longest = 6 %}
with sales as (
    select
        order_id,
        profile_id,
        ordered_at,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        net_amount,
        {{ is_sale('orders') }} as is_sale
    from {{ ref('int_orders_profiled') }} as orders
    where
        profile_id is not null
        {% if by_change() -%}
        and order_id in (select changed.order_id from {{ ref('int_paths_changed') }} as changed)
        {%- endif %}
),

visits as (
    select
        sales.order_id,
        sessions.channel,
        sessions.entry_touchpoint as touchpoint,
        sessions.started_at,
        sessions.session_id,
        date_diff('second', sessions.started_at, sales.ordered_at) as seconds_before
    from sales
    inner join {{ ref('int_sessions') }} as sessions
        on
            sales.profile_id = sessions.profile_id
            and sessions.started_at < sales.ordered_at
            and sessions.started_at > sales.ordered_at - interval {{ var('attribution_window_days') }} day
    -- What was nothing but a purchase is an outcome, not a way to one.
    where sessions.interactions > 1 or not sessions.has_purchase
),

levelled as (
    select
        'channel' as level,
        order_id,
        channel as stop,
        started_at,
        session_id,
        seconds_before
    from visits
    union all
    select
        'touchpoint',
        order_id,
        touchpoint,
        started_at,
        session_id,
        seconds_before
    from visits
),

marked as (
    select
        *,
        lag(stop) over (partition by level, order_id order by started_at, session_id) is distinct from stop as is_new
    from levelled
),

ranked as (
    select
        *,
        row_number() over (partition by level, order_id order by started_at desc, session_id desc) as steps_before
    from marked
    where is_new
),

ways as (
    select
        level,
        order_id,
        string_agg(stop, ' > ' order by started_at, session_id) as way,
        count(*) as stops,
        max(seconds_before) / 86400.0 as days
    from ranked
    where steps_before <= {{ longest }}
    group by level, order_id
)

select
    levels.level,
    sales.order_id,
    coalesce(ways.way || ' > ', '') || '[' || case when levels.level = 'channel' then sales.channel else sales.touchpoint end || ']'
        as path,
    coalesce(ways.stops, 0) as stops,
    ways.days,
    sales.profile_id,
    sales.net_amount,
    sales.is_sale
from sales
cross join (values ('channel'), ('touchpoint')) as levels (level)
left join ways on sales.order_id = ways.order_id and levels.level = ways.level
