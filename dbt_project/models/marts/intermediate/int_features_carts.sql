-- One row per profile whose newest cart event of the last 30 days was followed by no order. The cart is what was put
-- in since the last order. Money counts in the reporting currency, at the rate of the event's day.
with orders as (
    select profile_id, max(ordered_at) as last_order_at
    from {{ ref('int_orders_profiled') }} as sales
    where profile_id is not null and {{ is_sale('sales') }}
    group by profile_id
),

rates as (
    {{ reporting_rates() }}
),

cart_events as (
    select
        events.profile_id,
        events.interaction_id,
        events.occurred_at,
        events.interaction_type,
        -- Events of a cart move no money: a checkout tells its amount aside, an addition is worth the list price.
        cast(coalesce(events.cart_amount, products.price_amount) * rates.rate as decimal(18, 4)) as amount
    from {{ ref('int_interactions_profiled') }} as events
    left join {{ ref('products') }} as products
        on events.product_id = products.product_id and {{ is_cart_addition('events.interaction_type') }}
    left join rates
        on
            case when events.cart_amount is not null then events.currency else products.currency end = rates.currency
            and events.occurred_at >= rates.valid_from
            and (rates.valid_to is null or events.occurred_at < rates.valid_to)
    left join orders on events.profile_id = orders.profile_id
    where
        ({{ is_cart_addition('events.interaction_type') }} or {{ is_checkout('events.interaction_type') }})
        and {{ within_days('events.occurred_at', 30) }}
        and events.profile_id is not null
        and (orders.last_order_at is null or events.occurred_at > orders.last_order_at)
)

select
    profile_id,
    max(occurred_at) as abandoned_cart_at,
    -- A checkout carries the whole cart, an addition only its own product: the newest checkout is worth more.
    coalesce(
        arg_max(amount, (occurred_at, interaction_id)) filter (where {{ is_checkout('interaction_type') }} and amount is not null),
        sum(amount) filter (where {{ is_cart_addition('interaction_type') }})
    ) as abandoned_cart_amount
from cart_events
group by profile_id
