-- One row per live profile in a household: what all its members bought together in 12 months.
with members as (
    select
        households.profile_id,
        households.household_id,
        coalesce(purchases.orders_12m, 0) as orders_12m,
        coalesce(purchases.net_amount_12m, 0) as net_amount_12m,
        purchases.last_order_at
    from {{ ref('households') }} as households
    left join {{ ref('int_features_purchases') }} as purchases on households.profile_id = purchases.profile_id
)

select
    profile_id,
    cast(sum(orders_12m) over same as bigint) as household_orders_12m,
    sum(net_amount_12m) over same as household_net_amount_12m,
    max(last_order_at) over same as household_last_order_at,
    cast(net_amount_12m as double) / cast(nullif(sum(net_amount_12m) over same, 0) as double) as household_spend_share,
    row_number() over (partition by household_id order by net_amount_12m desc, profile_id) = 1
    and net_amount_12m > 0 as is_household_top_buyer
from members
window same as (partition by household_id)
