{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.order_id = remade.order_id and not remade.is_added', ref('int_orders_changed')) }}"
) }}
-- Sales up to the as-of: completed and refunded orders; cancelled and open ones are no sales. `net_amount` is in
-- the reporting currency, to the cent; an order that brought money and has no rate stops the
-- build (tests/marts/assert_amounts_have_a_rate.sql). An order older than its customer's record is the customer's too.
-- depends_on: {{ ref('int_orders_changed') }}
{% if by_change() %}
select * exclude (is_added)
from {{ ref('int_orders_changed') }}
where is_added
{% else %}
{{ orders_profiled(ref('orders')) }}
{% endif %}
