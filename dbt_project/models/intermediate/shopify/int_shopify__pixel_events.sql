{{ config(materialized='table') }}
-- Browser events; of a completed checkout the buyer is known by its order, of anything else only the browser.
select
    events.*,
    orders.record_id,
    coalesce(nullif(events.sku, ''), products.sku, events.variant_id) as product_id
from {{ ref('stg_shopify__pixel_events') }} as events
left join {{ ref('int_shopify__orders') }} as orders on events.order_id = orders.native_id
left join {{ ref('stg_shopify__products') }} as products on events.variant_id = products.variant_id
