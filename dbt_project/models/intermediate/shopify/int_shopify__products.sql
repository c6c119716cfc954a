-- The catalogue of the web shop, whose wording is preferred.
select
    sku as product_id,
    1 as preference,
    title as name,
    vendor as brand,
    product_type as category,
    department,
    price_amount,
    variant_id as native_id
from {{ ref('stg_shopify__products') }}
