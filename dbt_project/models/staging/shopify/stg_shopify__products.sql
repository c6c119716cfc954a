with versions as (
    {{ last_snapshot(source('shopify', 'products'), ['variant_id']) }}
)

select
    trim(product_id) as product_id,
    trim(variant_id) as variant_id,
    sku,
    title,
    vendor,
    product_type,
    department,
    price_amount,
    _dt as delivered_date
from versions
