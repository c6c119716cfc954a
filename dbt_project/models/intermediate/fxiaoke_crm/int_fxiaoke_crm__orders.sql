select
    'fxiaoke_crm:' || orders.id as order_id,
    orders.id as native_id,
    orders.order_no as order_name,
    'fxiaoke_crm' as source,
    'fxiaoke_crm:AccountObj:' || orders.account_id as record_id,
    cast(null as varchar) as anonymous_id,
    'sales_order' as touchpoint,
    cast(null as varchar) as store_id,
    orders.ordered_at,
    case when orders.is_deleted then 'cancelled' else coalesce(states.value, 'open') end as state,
    orders.currency,
    coalesce(orders.amount, 0) as gross_amount,
    0 as discount_amount,
    0 as tax_amount,
    coalesce(orders.amount, 0) as paid_amount,
    0 as refunded_amount,
    cast(null as varchar) as coupon_code,
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as cart_token
from {{ ref('stg_fxiaoke_crm__SalesOrderObj') }} as orders
left join {{ ref('option_codes') }} as states
    on
        states.source = 'fxiaoke_crm'
        and states.object = 'SalesOrderObj'
        and states.field = 'order_status'
        and orders.order_status = states.code
