with versions as (
    {{ latest_by_key(source('wechat', 'pay_orders'), ['transaction_id']) }}
)

select
    trim(transaction_id) as transaction_id,
    out_trade_no,
    appid,
    trim(openid) as openid,
    trade_type,
    trade_state,
    {{ from_minor_units('total_fen', "'CNY'") }} as total_amount,
    coalesce(currency, 'CNY') as currency,
    paid_at,
    _dt as delivered_date
from versions
