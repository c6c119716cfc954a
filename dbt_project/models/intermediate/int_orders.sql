{{ config(materialized='table') }}
-- Orders of every source in one shape, before status and money are derived.
{{ union_parts('orders', [
    'order_id', 'native_id', 'order_name', 'source', 'record_id', 'anonymous_id', 'touchpoint', 'store_id', 'ordered_at',
    'state', 'currency', 'gross_amount', 'discount_amount', 'tax_amount', 'paid_amount', 'refunded_amount',
    'coupon_code', 'campaign_id', 'cart_token'
], types={
    'gross_amount': 'double', 'discount_amount': 'double', 'tax_amount': 'double', 'paid_amount': 'double',
    'refunded_amount': 'double'
}) }}
