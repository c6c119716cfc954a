-- An order that is exported again comes with all its lines, so the newest file replaces the earlier ones.
with ranked as (
    select
        *,
        rank() over (partition by order_id order by _dt desc, _file desc) as _file_rank
    from {{ source('shopify', 'orders_export') }}
    where {{ delivered() }}
)

select
    order_name,
    trim(order_id) as order_id,
    trim(email) as email,
    trim(phone) as phone,
    financial_status,
    paid_at,
    currency,
    subtotal_amount,
    discount_amount,
    tax_amount,
    total_amount,
    refunded_amount,
    discount_code,
    created_at,
    cancelled_at,
    source_name,
    {{ clean_name('billing_name') }} as billing_name,
    billing_street,
    billing_locality,
    billing_region,
    billing_postcode,
    billing_country,
    row_number() over (partition by order_id order by _line) as line_no,
    lineitem_quantity,
    lineitem_name,
    lineitem_price_amount,
    lineitem_sku,
    lineitem_discount_amount,
    _dt as delivered_date
from ranked
where _file_rank = 1
