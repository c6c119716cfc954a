-- A redeemed voucher is a sale of its shop; who redeemed it is not known.
select
    'dianping:' || voucher_code as order_id,
    voucher_code as native_id,
    cast(null as varchar) as order_name,
    'dianping' as source,
    cast(null as varchar) as record_id,
    cast(null as varchar) as anonymous_id,
    'dianping_voucher' as touchpoint,
    store_name as store_id,
    redeemed_at as ordered_at,
    'completed' as state,
    'CNY' as currency,
    coalesce(price_amount, 0) as gross_amount,
    0 as discount_amount,
    0 as tax_amount,
    coalesce(price_amount, 0) as paid_amount,
    0 as refunded_amount,
    cast(null as varchar) as coupon_code,
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as cart_token
from {{ ref('stg_dianping__vouchers') }}
