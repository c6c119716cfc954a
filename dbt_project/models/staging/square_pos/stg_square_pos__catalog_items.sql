with versions as (
    {{ last_snapshot(source('square_pos', 'catalog_items'), ['variation_id']) }}
)

select
    trim(variation_id) as variation_id,
    sku,
    trim(name) as name,
    category,
    department,
    brand,
    _dt as delivered_date
from versions
