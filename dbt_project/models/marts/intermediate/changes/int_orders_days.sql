-- Fingerprint of the orders of each day up to the as-of, as int_interactions_days.
{{ fingerprints(
    'select *, cast(ordered_at as date) as ordered_on from ' ~ ref('orders') ~ ' where ' ~ known_by('ordered_at'),
    ['ordered_on'],
    [
        'order_id', 'source', 'record_id', 'anonymous_id', 'channel', 'touchpoint', 'store_id', 'ordered_at', 'status',
        'net_amount', 'net_amount_reporting', 'gross_amount', 'discount_amount', 'refunded_amount', 'coupon_code',
        'campaign_id', 'cart_token'
    ]
) }}
