-- The catalogue of the tills.
select
    sku as product_id,
    2 as preference,
    name,
    brand,
    category,
    department,
    cast(null as decimal(18, 4)) as price_amount,
    variation_id as native_id
from {{ ref('stg_square_pos__catalog_items') }}
