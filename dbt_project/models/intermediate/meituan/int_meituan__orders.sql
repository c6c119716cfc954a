with campaigns as (
    select
        orders.order_id,
        min({{ json_text('offer.item', '$.act_detail_id') }}) as campaign_id
    from {{ ref('stg_meituan__orders') }} as orders
    {{ unnest_json('orders.extras', 'offer') }}
    group by orders.order_id
)

select
    'meituan:' || buyers.order_id as order_id,
    buyers.order_id as native_id,
    cast(null as varchar) as order_name,
    'meituan' as source,
    'meituan:buyers:' || buyers.buyer_id as record_id,
    cast(null as varchar) as anonymous_id,
    case when buyers.is_pick_up then 'meituan_pick_up' else 'meituan_delivery' end as touchpoint,
    buyers.store_id,
    buyers.ordered_at,
    case buyers.status when 8 then 'completed' when 9 then 'cancelled' else 'open' end as state,
    'CNY' as currency,
    coalesce(buyers.original_amount, 0) as gross_amount,
    coalesce(buyers.original_amount - buyers.total_amount, 0) as discount_amount,
    0 as tax_amount,
    coalesce(buyers.total_amount, 0) as paid_amount,
    0 as refunded_amount,
    cast(null as varchar) as coupon_code,
    nullif(campaigns.campaign_id, '') as campaign_id,
    cast(null as varchar) as cart_token
from {{ ref('int_meituan__buyers') }} as buyers
left join campaigns on buyers.order_id = campaigns.order_id
