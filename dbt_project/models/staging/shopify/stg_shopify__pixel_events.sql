with versions as (
    {{ first_by_key(source('shopify', 'pixel_events'), ['event_id']) }}
)

select
    trim(event_id) as event_id,
    -- The words that web trackers use, so that a cart is a cart whoever tells of it.
    case event_name
        when 'product_added_to_cart' then 'product_added'
        when 'product_removed_from_cart' then 'product_removed'
        else {{ snake_case('event_name') }}
    end as event_name,
    trim(client_id) as client_id,
    occurred_at,
    sku,
    variant_id,
    product_title,
    checkout_token,
    order_id,
    search_query,
    url,
    referrer,
    _dt as delivered_date
from versions
