select
    'marketplace:' || platform || '|' || order_id as order_id,
    platform || '|' || order_id as native_id,
    order_id as order_name,
    'marketplace' as source,
    record_id,
    cast(null as varchar) as anonymous_id,
    {{ platform_touchpoint('platform', 'order') }} as touchpoint,
    shop as store_id,
    ordered_at,
    state,
    currency,
    gross_amount,
    greatest(lines_discount_amount, gross_amount + tax_amount + shipping_amount - paid_amount, 0) as discount_amount,
    tax_amount,
    paid_amount,
    refunded_amount,
    cast(null as varchar) as coupon_code,
    campaign_id,
    cast(null as varchar) as cart_token
from {{ ref('int_marketplace__sales') }}
where ordered_at is not null
