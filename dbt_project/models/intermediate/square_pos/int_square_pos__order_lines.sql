-- The API and the SDKs spell keys differently.
with items_told as (
    select
        orders.order_id,
        orders.currency,
        line.position,
        {{ json_texts('line.item', [
            '$.catalog_object_id', '$.catalogObjectId', '$.name', '$.quantity', '$.base_price_money.amount',
            '$.basePriceMoney.amount', '$.total_discount_money.amount', '$.totalDiscountMoney.amount'
        ]) }} as told
    from {{ ref('stg_square_pos__orders') }} as orders
    {{ unnest_json('orders.line_items', 'line') }}
    where orders.state <> 'DRAFT'
),

lines as (
    select
        order_id,
        currency,
        position,
        coalesce(told[1], told[2]) as variation_id,
        told[3] as name,
        told[4] as quantity,
        coalesce(told[5], told[6]) as price_cents,
        coalesce(told[7], told[8], '0') as discount_cents
    from items_told
)

select
    'square_pos:' || lines.order_id as order_id,
    lines.position as line_no,
    coalesce(items.sku, lines.variation_id) as product_id,
    coalesce(lines.name, items.name) as product_name,
    try_cast(lines.quantity as decimal(18, 4)) as quantity,
    {{ from_minor_units('try_cast(lines.price_cents as bigint)', 'lines.currency') }} as unit_price_amount,
    {{ from_minor_units('try_cast(lines.discount_cents as bigint)', 'lines.currency') }} as discount_amount,
    lines.currency
from lines
left join {{ ref('stg_square_pos__catalog_items') }} as items on lines.variation_id = items.variation_id
