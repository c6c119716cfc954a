with items_told as (
    select
        orders.order_id,
        orders.currency,
        line.position,
        {{ json_texts('line.item', [
            '$.sku', '$.variant_id', '$.title', '$.quantity', '$.price', '$.total_discount'
        ]) }} as told
    from {{ ref('int_shopify__sales') }} as orders
    {{ unnest_json('orders.line_items', 'line') }}
    where not orders.is_export
),

api_lines as (
    select
        order_id,
        currency,
        position,
        told[1] as sku,
        told[2] as variant_id,
        told[3] as title,
        told[4] as quantity,
        told[5] as price,
        told[6] as total_discount
    from items_told
)

select
    'shopify:' || lines.order_id as order_id,
    lines.position as line_no,
    coalesce(nullif(lines.sku, ''), products.sku, lines.variant_id) as product_id,
    coalesce(lines.title, products.title) as product_name,
    try_cast(lines.quantity as decimal(18, 4)) as quantity,
    try_cast(lines.price as decimal(18, 4)) as unit_price_amount,
    coalesce(try_cast(lines.total_discount as decimal(18, 4)), 0) as discount_amount,
    lines.currency
from api_lines as lines
left join {{ ref('stg_shopify__products') }} as products on lines.variant_id = products.variant_id
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
