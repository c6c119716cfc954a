with versions as (
    {{ latest_by_key(source('dianping', 'vouchers'), ['voucher_code']) }}
)

select
    voucher_code,
    product_name,
    price_yuan as price_amount,
    settlement_yuan as settlement_amount,
    redeemed_at,
    store_name,
    _dt as delivered_date
from versions
