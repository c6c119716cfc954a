-- Sales that no other source has. A document that quotes a known order of a shop is the same sale: it is not emitted
-- again (int_erp__interactions links both).
with returns as (
    select
        reference_order_no,
        sum(abs(paid_amount)) as refunded_amount
    from {{ ref('int_erp__heads') }}
    where
        document_kind = 'return'
        and state = 'completed'
        and reference_order_no is not null
    group by reference_order_no
)

select
    'erp:' || heads.order_no as order_id,
    heads.order_no as native_id,
    heads.order_no as order_name,
    'erp' as source,
    case
        when not heads.is_collective then 'erp:customers:' || heads.customer_no
        when coalesce(heads.customer_name, heads.mobile, heads.email) is not null then 'erp:orders:' || heads.order_no
    end as record_id,
    cast(null as varchar) as anonymous_id,
    heads.touchpoint,
    heads.store_no as store_id,
    heads.ordered_at,
    heads.state,
    heads.currency,
    heads.paid_amount - heads.tax_amount + heads.discount_amount as gross_amount,
    heads.discount_amount,
    heads.tax_amount,
    heads.paid_amount,
    coalesce(returns.refunded_amount, 0) as refunded_amount,
    heads.coupon_code,
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as cart_token
from {{ ref('int_erp__heads') }} as heads
left join returns on heads.order_no = returns.reference_order_no
where
    heads.document_kind = 'sale'
    and heads.shop_order_id is null
    and heads.ordered_at is not null
