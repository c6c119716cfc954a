-- Sales up to the as-of: completed and refunded orders; cancelled and open ones are no sales. Money is in the
-- reporting currency, to the cent; an order without a rate stops the
-- build (tests/marts/assert_amounts_have_a_rate.sql). An order older than its customer's record is the customer's too.
select
    orders.order_id,
    coalesce(members.profile_id, links.profile_id) as profile_id,
    orders.source,
    orders.channel,
    orders.touchpoint,
    orders.store_id,
    orders.ordered_at,
    -- Money that went back, not a purchase.
    case when orders.net_amount < 0 then 'refunded' else orders.status end as status,
    cast(coalesce(orders.net_amount_reporting, 0) as decimal(18, 2)) as net_amount,
    -- Shares of gross are free of currency, so gross, discount and refund stay in the order's own.
    cast(coalesce(orders.gross_amount, 0) as decimal(18, 2)) as gross_amount,
    cast(coalesce(orders.discount_amount, 0) as decimal(18, 2)) as discount_amount,
    cast(coalesce(orders.refunded_amount, 0) as decimal(18, 2)) as refunded_amount,
    orders.coupon_code,
    orders.campaign_id,
    orders.cart_token
from {{ ref('orders') }} as orders
left join {{ ref('stg_identity__profile_members') }} as members on orders.record_id = members.record_id
left join {{ ref('stg_identity__anonymous_links') }} as links
    on
        members.profile_id is null
        and orders.anonymous_id = links.anonymous_id
        and orders.ordered_at >= links.valid_from
        and (links.valid_to is null or orders.ordered_at < links.valid_to)
where
    orders.status in ('completed', 'refunded')
    and orders.ordered_at < {{ as_of_end() }}
qualify row_number() over (partition by orders.order_id order by links.valid_from desc, links.profile_id) = 1
