-- Fingerprint of the lines of the sales of each hour, with their buyers and what is known of the products.
{{ fingerprints(
    "select *, date_trunc('hour', ordered_at) as hour from (" ~ order_lines_profiled(ref('int_orders_profiled')) ~ ') as lines',
    ['hour'],
    [
        'order_id', 'profile_id', 'ordered_at', 'line_no', 'product_id', 'category', 'department', 'brand', 'quantity',
        'discount_amount', 'currency', 'net_amount', 'exchange_rate'
    ]
) }}
