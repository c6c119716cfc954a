select
    'meituan:' || orders.order_id as order_id,
    line.position as line_no,
    coalesce(nullif({{ json_text('line.item', '$.sku_id') }}, ''), nullif({{ json_text('line.item', '$.app_food_code') }}, '')) as product_id,
    {{ json_text('line.item', '$.food_name') }} as product_name,
    try_cast({{ json_text('line.item', '$.quantity') }} as decimal(18, 4)) as quantity,
    -- `price` is what was paid for one piece; the price before is a text.
    coalesce(
        try_cast({{ json_text('line.item', '$.original_price') }} as decimal(18, 4)),
        try_cast({{ json_text('line.item', '$.price') }} as decimal(18, 4))
    ) as unit_price_amount,
    coalesce(
        try_cast({{ json_text('line.item', '$.quantity') }} as decimal(18, 4)) * (
            try_cast({{ json_text('line.item', '$.original_price') }} as decimal(18, 4))
            - try_cast({{ json_text('line.item', '$.price') }} as decimal(18, 4))
        ),
        0
    ) as discount_amount,
    'CNY' as currency
from {{ ref('stg_meituan__orders') }} as orders
{{ unnest_json('orders.detail', 'line') }}
