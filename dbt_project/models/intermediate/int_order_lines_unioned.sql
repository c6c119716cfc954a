{{ config(materialized='view') }}
-- Order lines of every source in one shape.
{{ union_parts('order_lines', [
    'order_id', 'line_no', 'product_id', 'product_name', 'quantity', 'unit_price_amount', 'discount_amount', 'currency'
], types={
    'line_no': 'bigint', 'quantity': 'decimal(18, 4)', 'unit_price_amount': 'double', 'discount_amount': 'double'
}) }}
