select
    'shopify:' || orders.order_id as order_id,
    line.position as line_no,
    coalesce(
        nullif({{ json_text('line.item', '$.sku') }}, ''),
        products.sku,
        {{ json_text('line.item', '$.variant_id') }}
    ) as product_id,
    coalesce({{ json_text('line.item', '$.title') }}, products.title) as product_name,
    try_cast({{ json_text('line.item', '$.quantity') }} as decimal(18, 4)) as quantity,
    try_cast({{ json_text('line.item', '$.price') }} as decimal(18, 4)) as unit_price_amount,
    coalesce(try_cast({{ json_text('line.item', '$.total_discount') }} as decimal(18, 4)), 0) as discount_amount,
    orders.currency
from {{ ref('int_shopify__sales') }} as orders
{{ unnest_json('orders.line_items', 'line') }}
left join {{ ref('stg_shopify__products') }} as products
    on {{ json_text('line.item', '$.variant_id') }} = products.variant_id
where not orders.is_export
union all
select
    'shopify:' || lines.order_id as order_id,
    lines.line_no,
    nullif(lines.lineitem_sku, '') as product_id,
    lines.lineitem_name as product_name,
    lines.lineitem_quantity as quantity,
    lines.lineitem_price_amount as unit_price_amount,
    coalesce(lines.lineitem_discount_amount, 0) as discount_amount,
    orders.currency
from {{ ref('stg_shopify__orders_export') }} as lines
inner join {{ ref('int_shopify__sales') }} as orders
    on
        lines.order_id = orders.order_id
        and orders.is_export
where lines.lineitem_quantity is not null
