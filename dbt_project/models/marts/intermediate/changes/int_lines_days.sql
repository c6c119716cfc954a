-- Fingerprint of the lines of the sales of each day, with their buyers and what is known of the products.
{{ fingerprints(
    'select *, cast(ordered_at as date) as ordered_on from (' ~ order_lines_profiled(ref('int_orders_profiled')) ~ ') as lines',
    ['ordered_on'],
    [
        'order_id', 'profile_id', 'ordered_at', 'line_no', 'product_id', 'category', 'department', 'brand', 'quantity',
        'discount_amount', 'currency', 'net_amount'
    ]
) }}
