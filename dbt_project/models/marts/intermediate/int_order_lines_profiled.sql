-- Lines of sales with the buyer, if known, and what was bought.
select
    orders.order_id,
    orders.profile_id,
    orders.ordered_at,
    lines.line_no,
    lines.product_id,
    products.category,
    products.department,
    products.brand,
    cast(coalesce(lines.quantity, 1) as double) as quantity,
    cast(coalesce(lines.discount_amount, 0) as decimal(18, 2)) as discount_amount,
    lines.currency,
    cast(coalesce(lines.net_amount, 0) as decimal(18, 2)) as net_amount
from {{ ref('order_lines') }} as lines
inner join {{ ref('int_orders_profiled') }} as orders on lines.order_id = orders.order_id
left join {{ ref('products') }} as products on lines.product_id = products.product_id
