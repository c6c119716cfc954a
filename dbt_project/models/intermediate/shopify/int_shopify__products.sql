-- The catalogue of the web shop, whose wording is preferred. It names no currency: prices are in that of the shop, which
-- its newest order tells.
with shop as (
    select {{ latest_value('currency', ['ordered_at', 'order_id']) }} as currency
    from {{ ref('int_shopify__sales') }}
)

select
    sku as product_id,
    1 as preference,
    title as name,
    vendor as brand,
    product_type as category,
    department,
    price_amount,
    case when price_amount is not null then shop.currency end as currency,
    variant_id as native_id
from {{ ref('stg_shopify__products') }}
cross join shop
