-- Fingerprint of each sale with its buyer; one that moved to another buyer or time shows under both.
{{ fingerprints(
    'select * from ' ~ ref('int_orders_profiled'),
    ['order_id', 'profile_id', 'ordered_at'],
    ['channel', 'touchpoint', 'status', 'net_amount', 'campaign_id', 'coupon_code']
) }}
