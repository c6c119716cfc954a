{{ config(materialized='table') }}
-- One row per order. What stands on every row of an order counts once, what stands per line adds up.
with sales as (
    select
        platform,
        shop,
        order_id,
        {{ latest_value('status', ['delivered_date', 'line_no']) }} as status,
        min(ordered_at) as ordered_at,
        max(paid_at) as paid_at,
        max(buyer_id) as buyer_id,
        max(receiver_name) as receiver_name,
        max(receiver_phone) as receiver_phone,
        max(confirmed_phone) as confirmed_phone,
        max(region) as region,
        max(locality) as locality,
        max(street) as street,
        max(postcode) as postcode,
        max(country) as country,
        max(currency) as currency,
        max(campaign_id) as campaign_id,
        max(order_paid_amount) as order_paid_amount,
        max(order_gross_amount) as order_gross_amount,
        sum(line_paid_amount) as lines_paid_amount,
        sum(coalesce(line_gross_amount, unit_price_amount * coalesce(quantity, 1))) as lines_gross_amount,
        coalesce(sum(line_discount_amount), 0) as lines_discount_amount,
        coalesce(sum(line_tax_amount), 0) as tax_amount,
        coalesce(sum(line_shipping_amount), 0) as shipping_amount,
        max(delivered_date) as delivered_date
    from {{ ref('stg_marketplace__orders') }}
    group by platform, shop, order_id
),

refunds as (
    select
        refunds.platform,
        refunds.shop,
        refunds.order_id,
        sum(refunds.amount) as refunded_amount
    from {{ ref('int_marketplace__refunds') }} as refunds
    where refunds.is_paid
    group by refunds.platform, refunds.shop, refunds.order_id
),

money as (
    select
        sales.*,
        coalesce(
            sales.order_paid_amount,
            sales.lines_paid_amount,
            sales.lines_gross_amount + sales.tax_amount + sales.shipping_amount - sales.lines_discount_amount,
            sales.order_gross_amount,
            0
        ) as paid_amount
    from sales
)

select
    money.*,
    coalesce(money.lines_gross_amount, money.order_gross_amount, money.paid_amount) as gross_amount,
    coalesce(refunds.refunded_amount, 0) as refunded_amount,
    coalesce(states.value, case when money.paid_at is null then 'open' else 'completed' end) as state,
    -- A buyer is known inside one shop; without an id the checkout is a guest, if it names anybody.
    case
        when money.buyer_id is not null
            then 'marketplace:buyers:' || {{ keyed_hash(['money.platform', 'money.shop', 'money.buyer_id']) }}
        when coalesce(money.receiver_phone, money.confirmed_phone) is not null or (money.receiver_name is not null and money.street is not null)
            then 'marketplace:orders:' || money.platform || '|' || money.order_id
    end as record_id
from money
left join refunds
    on
        money.platform = refunds.platform
        and money.shop = refunds.shop
        and money.order_id = refunds.order_id
left join {{ ref('option_codes') }} as states
    on
        states.source = 'marketplace'
        and states.object = 'orders'
        and states.field = 'status'
        and lower(money.status) = states.code
