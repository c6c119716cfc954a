-- Two spellings of a line: `Ordered_Items` of newer, `Product_Details` of older versions of the API.
select
    'zoho_crm:' || orders.sales_order_id as order_id,
    line.position as line_no,
    coalesce(
        {{ json_text('line.item', '$.Product_Name.Product_Code') }},
        {{ json_text('line.item', '$.product.Product_Code') }},
        {{ json_text('line.item', '$.Product_Name.id') }},
        {{ json_text('line.item', '$.product.id') }}
    ) as product_id,
    coalesce({{ json_text('line.item', '$.Product_Name.name') }}, {{ json_text('line.item', '$.product.name') }}) as product_name,
    try_cast(coalesce({{ json_text('line.item', '$.Quantity') }}, {{ json_text('line.item', '$.quantity') }}) as decimal(18, 4)) as quantity,
    try_cast(coalesce({{ json_text('line.item', '$.List_Price') }}, {{ json_text('line.item', '$.list_price') }}) as decimal(18, 4)) as unit_price_amount,
    coalesce(
        try_cast(coalesce({{ json_text('line.item', '$.Discount') }}, {{ json_text('line.item', '$.Discount_Amount') }}) as decimal(18, 4)), 0
    ) as discount_amount,
    orders.currency
from {{ ref('stg_zoho_crm__sales_orders') }} as orders
{{ unnest_json('orders.items', 'line') }}
