-- Purchases come from int_orders; here are the money given back and the carts left behind.
with refunds as (
    select
        refunds.refund_id,
        refunds.order_id,
        coalesce(refunds.processed_at, refunds.created_at) as occurred_at,
        sum(try_cast({{ json_text('transaction.item', '$.amount') }} as decimal(18, 4))) as amount,
        max({{ json_text('transaction.item', '$.currency') }}) as currency
    from {{ ref('stg_shopify__refunds') }} as refunds
    {{ unnest_json('refunds.transactions', 'transaction') }}
    where
        {{ json_text('transaction.item', '$.kind') }} = 'refund'
        and {{ json_text('transaction.item', '$.status') }} = 'success'
    group by refunds.refund_id, refunds.order_id, coalesce(refunds.processed_at, refunds.created_at)
)

select
    'shopify:refunds:' || refunds.refund_id as interaction_id,
    orders.record_id,
    {{ interaction_columns({
        'anonymous_id': 'orders.anonymous_id',
        'touchpoint': "'web_shop_order'",
        'direction': "'outbound'",
        'interaction_type': "'refund'",
        'occurred_at': 'refunds.occurred_at',
        'amount': '-refunds.amount',
        'currency': 'coalesce(refunds.currency, orders.currency)'
    }) }}
from refunds
inner join {{ ref('int_shopify__sales') }} as orders on refunds.order_id = orders.order_id
union all
select
    'shopify:checkouts:' || checkout_id as interaction_id,
    'shopify:customers:' || customer_id as record_id,
    {{ interaction_columns({
        'touchpoint': "'web_checkout'",
        'interaction_type': "'cart_abandoned'",
        'occurred_at': 'updated_at',
        'currency': 'currency',
        'properties': json_object({'cart_token': 'cart_token', 'cart_amount': 'total_amount'})
    }) }}
from {{ ref('stg_shopify__checkouts') }}
where completed_at is null
union all
-- What the browser tells. A completed checkout repeats the order and carries no amount.
select
    'shopify:pixel_events:' || event_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'anonymous_id': 'client_id',
        'touchpoint': "case when event_name like '%search%' then 'web_search'"
            ~ " when event_name like 'checkout%' or event_name like 'payment%' then 'web_checkout'"
            ~ " when event_name like '%cart%' or event_name in ('product_added', 'product_removed') then 'web_cart'"
            ~ " when event_name like 'product%' then 'web_product_page'"
            ~ " else 'web_browsing' end",
        'interaction_type': 'event_name',
        'occurred_at': 'occurred_at',
        'product_id': 'product_id',
        'campaign_id': url_parameter('url', 'utm_campaign'),
        'properties': json_object({
            'campaign_source': url_parameter('url', 'utm_source'),
            'referrer': "nullif(referrer, '')",
            'query': 'search_query',
            'order_id': "'shopify:' || order_id"
        })
    }) }}
from {{ ref('int_shopify__pixel_events') }}
