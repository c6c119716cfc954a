{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='differing', on_schema_change='fail'
) }}
with rates as (
    {{ reporting_rates() }}
),

settled as (
    select
        orders.*,
        case
            when orders.state <> 'completed' then orders.state
            when orders.refunded_amount > 0 and orders.refunded_amount >= orders.paid_amount then 'refunded'
            else 'completed'
        end as status,
        -- Nothing is earned by an order that is open or was cancelled.
        case when orders.state = 'completed' then orders.paid_amount - orders.refunded_amount else 0 end as net_amount
    from {{ ref('int_orders') }} as orders
)

select
    orders.order_id,
    orders.source,
    records.record_id,
    orders.anonymous_id,
    touchpoints.channel,
    orders.touchpoint,
    orders.store_id,
    orders.ordered_at,
    orders.status,
    orders.currency,
    cast(orders.gross_amount as decimal(18, 4)) as gross_amount,
    cast(orders.discount_amount as decimal(18, 4)) as discount_amount,
    cast(orders.tax_amount as decimal(18, 4)) as tax_amount,
    cast(orders.net_amount as decimal(18, 4)) as net_amount,
    cast(orders.refunded_amount as decimal(18, 4)) as refunded_amount,
    cast(orders.net_amount * rates.rate as decimal(18, 4)) as net_amount_reporting,
    nullif(orders.coupon_code, '') as coupon_code,
    orders.campaign_id,
    orders.cart_token
from settled as orders
left join {{ ref('touchpoints') }} as touchpoints on orders.touchpoint = touchpoints.touchpoint
left join {{ ref('customer_records') }} as records on orders.record_id = records.record_id
left join rates
    on
        orders.currency = rates.currency
        and orders.ordered_at >= rates.valid_from
        and (rates.valid_to is null or orders.ordered_at < rates.valid_to)
