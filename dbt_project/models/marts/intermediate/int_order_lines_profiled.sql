{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.order_id = remade.order_id', ref('int_lines_changed')) }}"
) }}
-- Lines of sales with the buyer, if known, and what was bought.
-- depends_on: {{ ref('int_lines_changed') }}
{% if by_change() %}
with sales as (
    select *
    from {{ ref('int_orders_profiled') }}
    where order_id in (select changed.order_id from {{ ref('int_lines_changed') }} as changed)
)

{{ order_lines_profiled('sales') }}
{% else %}
{{ order_lines_profiled(ref('int_orders_profiled')) }}
{% endif %}
