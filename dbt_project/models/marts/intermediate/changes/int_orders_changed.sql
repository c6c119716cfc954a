-- Rows of int_orders_profiled that leave it and that join it in this build; a changed sale does both. Empty in a build of
-- everything.
-- depends_on: {{ ref('int_orders_hours') }} {{ ref('int_members_changed') }} {{ ref('int_links_changed') }}
{% if by_change() %}
{{ fact_changes(
    'orders', 'int_orders_profiled', orders_profiled, 'order_id', 'ordered_at', 'int_orders_hours'
) }}
{% else %}
select
    *,
    true as is_added
from ({{ orders_profiled(ref('orders')) }}) as nothing
where false
{% endif %}
