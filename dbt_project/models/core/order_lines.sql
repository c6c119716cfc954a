{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='differing', on_schema_change='fail'
) }}
with lines as (
    select * from {{ ref('int_order_lines_unioned') }}
)

select
    order_id,
    cast(line_no as bigint) as line_no,
    product_id,
    product_name,
    cast(quantity as decimal(18, 4)) as quantity,
    cast(unit_price_amount as decimal(18, 4)) as unit_price_amount,
    cast(discount_amount as decimal(18, 4)) as discount_amount,
    cast(coalesce(quantity, 0) * coalesce(unit_price_amount, 0) - discount_amount as decimal(18, 4)) as net_amount,
    currency
from lines
