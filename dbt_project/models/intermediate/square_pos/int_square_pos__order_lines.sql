select
    'square_pos:' || orders.order_id as order_id,
    line.position as line_no,
    coalesce(items.sku, {{ json_text('line.item', '$.catalog_object_id') }}, {{ json_text('line.item', '$.catalogObjectId') }}) as product_id,
    coalesce({{ json_text('line.item', '$.name') }}, items.name) as product_name,
    try_cast({{ json_text('line.item', '$.quantity') }} as decimal(18, 4)) as quantity,
    {{ from_minor_units(
        'try_cast(coalesce(' ~ json_text('line.item', '$.base_price_money.amount') ~ ', ' ~ json_text('line.item', '$.basePriceMoney.amount') ~ ') as bigint)',
        'orders.currency'
    ) }} as unit_price_amount,
    {{ from_minor_units(
        'try_cast(coalesce(' ~ json_text('line.item', '$.total_discount_money.amount') ~ ', ' ~ json_text('line.item', '$.totalDiscountMoney.amount') ~ ", '0') as bigint)",
        'orders.currency'
    ) }} as discount_amount,
    orders.currency
from {{ ref('stg_square_pos__orders') }} as orders
{{ unnest_json('orders.line_items', 'line') }}
left join {{ ref('stg_square_pos__catalog_items') }} as items
    on coalesce({{ json_text('line.item', '$.catalog_object_id') }}, {{ json_text('line.item', '$.catalogObjectId') }}) = items.variation_id
where orders.state <> 'DRAFT'
