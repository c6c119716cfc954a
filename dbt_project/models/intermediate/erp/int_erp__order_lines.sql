with lines as (
    select
        order_no,
        position,
        sku,
        product_name,
        quantity,
        unit_price_amount,
        discount_amount
    from {{ ref('stg_erp__order_lines') }}
    union all
    select
        orders.order_no,
        line.position,
        {{ json_text('line.item', '$.Material') }} as sku,
        {{ json_text('line.item', '$.SalesOrderItemText') }} as product_name,
        try_cast({{ json_text('line.item', '$.RequestedQuantity') }} as decimal(18, 4)) as quantity,
        try_cast({{ json_text('line.item', '$.NetAmount') }} as decimal(18, 4))
        / nullif(try_cast({{ json_text('line.item', '$.RequestedQuantity') }} as decimal(18, 4)), 0) as unit_price_amount,
        cast(null as decimal(18, 4)) as discount_amount
    from {{ ref('stg_erp__orders') }} as orders
    {{ unnest_json('orders.items', 'line') }}
    where orders.order_no not in (select order_no from {{ ref('stg_erp__order_lines') }})
)

select
    orders.order_id,
    lines.position as line_no,
    lines.sku as product_id,
    lines.product_name,
    lines.quantity,
    lines.unit_price_amount,
    coalesce(lines.discount_amount, 0) as discount_amount,
    orders.currency
from lines
inner join {{ ref('int_erp__orders') }} as orders on lines.order_no = orders.native_id
