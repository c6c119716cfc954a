-- Fingerprint of the orders of each hour up to the as-of, as int_interactions_hours.
{{ fingerprints(
    "select *, date_trunc('hour', ordered_at) as hour from " ~ ref('orders') ~ ' where ' ~ known_by('ordered_at'),
    ['hour'],
    [
        'order_id', 'source', 'record_id', 'anonymous_id', 'channel', 'touchpoint', 'store_id', 'ordered_at', 'status',
        'net_amount', 'net_amount_reporting', 'gross_amount', 'discount_amount', 'refunded_amount', 'coupon_code',
        'campaign_id', 'cart_token'
    ]
) }}
