select
    'marketplace:orders:' || native_id || ':cancelled' as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': 'touchpoint',
        'interaction_type': "'order_cancelled'",
        'occurred_at': 'ordered_at',
        'properties': json_object({'order_id': 'order_id', 'store_id': 'store_id'})
    }) }}
from {{ ref('int_marketplace__orders') }}
where state = 'cancelled'
union all
select
    'marketplace:refunds:' || {{ keyed_hash(['refunds.platform', 'refunds.shop', 'refunds.refund_id']) }} as interaction_id,
    sales.record_id,
    {{ interaction_columns({
        'touchpoint': platform_touchpoint('refunds.platform', 'order'),
        'direction': "'outbound'",
        'interaction_type': "'refund'",
        'occurred_at': 'coalesce(refunds.refunded_at, refunds.requested_at)',
        'amount': '-refunds.amount',
        'currency': 'refunds.currency',
        'properties': json_object({'order_id': "'marketplace:' || refunds.platform || '|' || refunds.order_id"})
    }) }}
from {{ ref('int_marketplace__refunds') }} as refunds
left join {{ ref('int_marketplace__sales') }} as sales
    on
        refunds.platform = sales.platform
        and refunds.shop = sales.shop
        and refunds.order_id = sales.order_id
where
    refunds.is_paid
    and coalesce(refunds.refunded_at, refunds.requested_at) is not null
