-- Orders of the shop in the conformed shape.
select
    'shopify:' || order_id as order_id,
    order_id as native_id,
    replace(order_name, '#', '') as order_name,
    'shopify' as source,
    record_id,
    anonymous_id,
    case
        when lower(source_name) = 'web' or source_name is null then 'web_shop_order'
        when lower(source_name) = 'pos' then 'store_shop_pos'
        when lower(source_name) in ('android', 'iphone', 'ios', 'mobile_app') then 'app_shop_order'
        else 'marketplace_order'
    end as touchpoint,
    cast(null as varchar) as store_id,
    ordered_at,
    case
        when cancelled_at is not null or lower(financial_status) = 'voided' then 'cancelled'
        when lower(financial_status) in ('pending', 'authorized', 'expired') then 'open'
        else 'completed'
    end as state,
    currency,
    coalesce(subtotal_amount, total_amount - coalesce(tax_amount, 0)) + coalesce(discount_amount, 0) as gross_amount,
    coalesce(discount_amount, 0) as discount_amount,
    coalesce(tax_amount, 0) as tax_amount,
    coalesce(total_amount, 0) as paid_amount,
    coalesce(refunded_amount, 0) as refunded_amount,
    discount_code as coupon_code,
    {{ url_parameter('landing_site', 'utm_campaign') }} as campaign_id,
    cart_token
from {{ ref('int_shopify__sales') }}
