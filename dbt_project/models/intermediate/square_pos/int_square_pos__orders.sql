-- Orders of the tills with the buyer and the money back. Payments of orders that are missing from the drop count as
-- sales without lines. Tips are no revenue.
with payments as (
    select
        order_id,
        {{ latest_value('customer_id', ['updated_at', 'payment_id']) }} as customer_id,
        max(location_id) as location_id,
        max(currency) as currency,
        sum(case when status = 'COMPLETED' then amount end) as paid_amount,
        min(created_at) as created_at,
        max(updated_at) as updated_at,
        max(delivered_date) as delivered_date
    from {{ ref('stg_square_pos__payments') }}
    where order_id is not null
    group by order_id
),

refunds as (
    select
        coalesce(refunds.order_id, paid.order_id) as order_id,
        sum(refunds.amount) as refunded_amount
    from {{ ref('stg_square_pos__refunds') }} as refunds
    left join {{ ref('stg_square_pos__payments') }} as paid
        on refunds.payment_id = paid.payment_id
    where refunds.status in ('COMPLETED', 'APPROVED')
    group by coalesce(refunds.order_id, paid.order_id)
),

sales as (
    select
        orders.order_id,
        orders.location_id,
        coalesce(orders.customer_id, payments.customer_id) as customer_id,
        orders.state,
        orders.source_name,
        coalesce(orders.currency, locations.currency) as currency,
        coalesce(orders.total_amount, 0) - coalesce(orders.tip_amount, 0) as paid_amount,
        coalesce(orders.tax_amount, 0) as tax_amount,
        coalesce(orders.discount_amount, 0) as discount_amount,
        coalesce(orders.total_amount - orders.net_amount, 0) as returned_amount,
        {{ json_text('orders.discounts', '$[0].name') }} as coupon_code,
        coalesce(orders.closed_at, orders.created_at) as ordered_at
    from {{ ref('stg_square_pos__orders') }} as orders
    left join payments on orders.order_id = payments.order_id
    left join {{ ref('stg_square_pos__locations') }} as locations on orders.location_id = locations.location_id
    where orders.state <> 'DRAFT'
    union all
    select
        payments.order_id,
        payments.location_id,
        payments.customer_id,
        'COMPLETED' as state,
        cast(null as varchar) as source_name,
        payments.currency,
        payments.paid_amount,
        0 as tax_amount,
        0 as discount_amount,
        0 as returned_amount,
        cast(null as varchar) as coupon_code,
        payments.created_at as ordered_at
    from payments
    left join {{ ref('stg_square_pos__orders') }} as orders on payments.order_id = orders.order_id
    where
        orders.order_id is null
        and payments.paid_amount is not null
    union all
    select
        transaction_id as order_id,
        location_id,
        customer_id,
        'COMPLETED' as state,
        cast(null as varchar) as source_name,
        currency,
        paid_amount,
        tax_amount,
        discount_amount,
        refunded_amount as returned_amount,
        cast(null as varchar) as coupon_code,
        sold_at as ordered_at
    from {{ ref('int_square_pos__export_sales') }}
    where has_sale
)

select
    'square_pos:' || sales.order_id as order_id,
    sales.order_id as native_id,
    cast(null as varchar) as order_name,
    'square_pos' as source,
    buyers.record_id,
    cast(null as varchar) as anonymous_id,
    case
        when {{ regexp_like("lower(sales.source_name)", "online|web") }} then 'web_shop_order' else 'store_till'
    end as touchpoint,
    sales.location_id as store_id,
    sales.ordered_at,
    case sales.state when 'COMPLETED' then 'completed' when 'CANCELED' then 'cancelled' else 'open' end as state,
    sales.currency,
    sales.paid_amount - sales.tax_amount + sales.discount_amount as gross_amount,
    sales.discount_amount,
    sales.tax_amount,
    sales.paid_amount,
    greatest(sales.returned_amount, coalesce(refunds.refunded_amount, 0)) as refunded_amount,
    sales.coupon_code,
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as cart_token
from sales
left join refunds on sales.order_id = refunds.order_id
left join {{ ref('int_square_pos__buyers') }} as buyers on sales.customer_id = buyers.customer_id
