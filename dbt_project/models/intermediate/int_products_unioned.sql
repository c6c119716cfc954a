{{ config(materialized='view') }}
-- Articles of every catalogue in one shape; `preference` ranks the sources' wording, 1 first.
{{ union_parts('products', [
    'product_id', 'preference', 'name', 'brand', 'category', 'department', 'price_amount', 'currency', 'native_id'
], types={'currency': 'varchar'}, only={'currency': ['shopify']}) }}
