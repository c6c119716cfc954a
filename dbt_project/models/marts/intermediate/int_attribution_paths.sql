{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.order_id = remade.order_id', ref('int_attribution_changed')) }}"
) }}
-- The touches before each sale, in order: those of the buyer in the look-back window, and the order's own campaign as
-- the last one. One row per sale and touch; a sale without a touch has one row without a touchpoint. Money that went back
-- by an order of its own is dealt with like a sale, with `is_sale` false.
-- depends_on: {{ ref('int_attribution_changed') }}
with sales as (
    select
        order_id,
        profile_id,
        coalesce(channel, 'unknown') as order_channel,
        coalesce(touchpoint, 'unknown') as order_touchpoint,
        ordered_at,
        campaign_id,
        cast(round(net_amount * 100) as bigint) as cents,
        {{ is_sale('orders') }} as is_sale
    from {{ ref('int_orders_profiled') }} as orders
    {% if by_change() -%}
    where order_id in (select changed.order_id from {{ ref('int_attribution_changed') }} as changed)
    {%- endif %}
),

looked_back as (
    select
        sales.order_id,
        sales.ordered_at,
        touches.touchpoint,
        touches.channel,
        touches.campaign_id,
        touches.touched_at,
        coalesce(touches.campaign_id = sales.campaign_id, false) as is_own,
        max(case when touches.campaign_id = sales.campaign_id then touches.touched_at end)
            over (partition by sales.order_id) as own_touched_at
    from sales
    inner join {{ ref('int_touches') }} as touches
        on
            sales.profile_id = touches.profile_id
            and touches.touched_at <= sales.ordered_at
            and touches.touched_at > sales.ordered_at - interval {{ var('attribution_window_days') }} day
),

-- The order itself tells that its campaign came last: the campaign's newest touch is that one, or there was none.
touched as (
    select
        order_id,
        touchpoint,
        channel,
        campaign_id,
        case when is_own and touched_at = own_touched_at then ordered_at else touched_at end as touched_at,
        is_own and touched_at = own_touched_at as is_own
    from looked_back

    union all

    select
        sales.order_id,
        coalesce(homes.touchpoint, sales.order_touchpoint),
        coalesce(homes.channel, sales.order_channel),
        sales.campaign_id,
        sales.ordered_at,
        true
    from sales
    left join {{ ref('int_campaign_homes') }} as homes on sales.campaign_id = homes.campaign_id
    where
        sales.campaign_id is not null
        and sales.order_id not in (select order_id from looked_back where is_own)
)

select
    sales.order_id,
    sales.profile_id,
    sales.order_channel,
    sales.ordered_at,
    sales.cents,
    sales.is_sale,
    touched.touchpoint,
    touched.channel,
    touched.campaign_id,
    touched.touched_at,
    row_number() over (
        partition by sales.order_id order by touched.touched_at, touched.is_own, touched.touchpoint, touched.campaign_id
    ) as step,
    count(*) over (partition by sales.order_id) as steps
from sales
left join touched on sales.order_id = touched.order_id
