{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_order_windows_changed')) }}"
) }}
-- One row per profile with at least one sale. A refunded order counts as money (net of the refund), not as an order.
-- depends_on: {{ ref('int_order_windows_changed') }}
with orders as (
    select
        *,
        cast(ordered_at as date) as order_date
    from {{ ref('int_orders_profiled') }}
    where profile_id is not null and {{ of_changed(ref('int_order_windows_changed')) }}
),

gaps as (
    select
        profile_id,
        median(gap_days) as median_gap_days,
        -- standard deviation by mean, from whole numbers: the same in every order of the rows
        sqrt(cast(count(*) * sum(gap_days * gap_days) - sum(gap_days) * sum(gap_days) as double))
        / cast(sum(gap_days) as double) as gap_variation
    from (
        select
            profile_id,
            cast(
                date_diff('day', lag(order_date) over (partition by profile_id order by order_date), order_date) as bigint
            ) as gap_days
        from (select distinct profile_id, order_date from orders where status = 'completed') as order_days
    ) as steps
    where gap_days is not null
    group by profile_id
),

stores as (
    select
        profile_id,
        store_id,
        count(*) as orders_count,
        max(ordered_at) as last_ordered_at
    from orders
    where store_id is not null and status = 'completed'
    group by profile_id, store_id
    qualify row_number() over (partition by profile_id order by orders_count desc, last_ordered_at desc, store_id) = 1
),

totals as (
    select
        profile_id,
        min(ordered_at) filter (where status = 'completed') as first_order_at,
        max(ordered_at) filter (where status = 'completed') as last_order_at,
        count(*) filter (where status = 'completed') as orders_total,
        count(*) filter (where status = 'completed' and {{ within_days('ordered_at', 365) }}) as orders_12m,
        count(*) filter (where status = 'completed' and {{ within_days('ordered_at', 90) }}) as orders_90d,
        count(*) filter (where status = 'completed' and {{ within_days('ordered_at', 30) }}) as orders_30d,
        sum(net_amount) as net_amount_total,
        coalesce(sum(net_amount) filter (where {{ within_days('ordered_at', 365) }}), 0) as net_amount_12m,
        coalesce(sum(net_amount) filter (where {{ within_days('ordered_at', 90) }}), 0) as net_amount_90d,
        coalesce(sum(net_amount) filter (where {{ within_days('ordered_at', 30) }}), 0) as net_amount_30d,
        max(net_amount) filter (where status = 'completed') as max_order_amount,
        -- of the order that last_order_at tells, and not of a later one that went back
        arg_max(net_amount, (ordered_at, order_id)) filter (where status = 'completed') as last_order_amount,
        count(*) filter (where status = 'completed' and coupon_code is not null) as coupon_orders,
        max(ordered_at) filter (where status = 'completed' and coupon_code is not null) as last_coupon_order_at,
        count(*) filter (where status = 'completed' and discount_amount > 0) as discounted_orders,
        -- One currency, or what was bought in the currency of many small units would decide alone.
        cast(sum(discount_amount * exchange_rate) as decimal(18, 4)) as discount_amount,
        cast(sum(gross_amount * exchange_rate) as decimal(18, 4)) as gross_amount,
        cast(sum(refunded_amount * exchange_rate) as decimal(18, 4)) as refunded_amount,
        count(*) filter (where refunded_amount > 0 or status = 'refunded') as refunded_orders,
        count(*) as sales,
        count(*) filter (where status = 'completed' and channel = 'store') as store_orders,
        count(*) filter (where status = 'completed' and channel <> 'store') as online_orders,
        count(distinct channel) filter (where status = 'completed') as order_channels_count,
        count(distinct store_id) filter (where status = 'completed') as stores_count,
        count(*) filter (where status = 'completed' and isodow(ordered_at) >= 6) as weekend_orders
    from orders
    group by profile_id
)

select
    totals.*,
    gaps.median_gap_days,
    gaps.gap_variation,
    stores.store_id as preferred_store_id,
    stores.orders_count as preferred_store_orders
from totals
left join gaps on totals.profile_id = gaps.profile_id
left join stores on totals.profile_id = stores.profile_id
