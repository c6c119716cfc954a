select
    'marketplace:' || platform || '|' || order_id as order_id,
    line_no,
    sku as product_id,
    product_name,
    coalesce(quantity, 1) as quantity,
    coalesce(unit_price_amount, line_gross_amount / nullif(coalesce(quantity, 1), 0)) as unit_price_amount,
    coalesce(
        line_discount_amount,
        greatest(unit_price_amount * coalesce(quantity, 1) - line_paid_amount, 0),
        0
    ) as discount_amount,
    currency
from {{ ref('stg_marketplace__orders') }}
where is_line
