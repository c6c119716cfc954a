select
    'wechat:' || transaction_id as order_id,
    transaction_id as native_id,
    out_trade_no as order_name,
    'wechat' as source,
    'wechat:mini_users:' || {{ keyed_hash(['appid', 'openid']) }} as record_id,
    cast(null as varchar) as anonymous_id,
    'mini_program_order' as touchpoint,
    cast(null as varchar) as store_id,
    paid_at as ordered_at,
    case
        when trade_state in ('SUCCESS', 'REFUND') then 'completed'
        when trade_state in ('CLOSED', 'REVOKED', 'PAYERROR') then 'cancelled'
        else 'open'
    end as state,
    currency,
    total_amount as gross_amount,
    0 as discount_amount,
    0 as tax_amount,
    total_amount as paid_amount,
    case when trade_state = 'REFUND' then total_amount else 0 end as refunded_amount,
    cast(null as varchar) as coupon_code,
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as cart_token
from {{ ref('stg_wechat__pay_orders') }}
