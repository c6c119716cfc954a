-- Sales whose lines are made again, with the buyers before and now; empty in a build of everything. An order and not a
-- line of it, as nothing says that a source numbers its lines without a repeat.
-- depends_on: {{ ref('int_lines_hours') }} {{ ref('int_orders_profiled') }} {{ ref('order_lines') }} {{ ref('products') }}
{% if by_change() %}
{%- set before = this.incorporate(path={'identifier': 'int_order_lines_profiled'}) %}
with hours as (
    select hour from {{ ref('int_lines_hours') }} where is_changed
),

sales as (
    {{ rows_of_hours(ref('int_orders_profiled'), 'ordered_at') }}
),

remade as (
    select
        rows_now.*,
        count(*) as copies
    from ({{ order_lines_profiled('sales') }}) as rows_now
    group by all
),

kept as (
    select
        *,
        count(*) as copies
    from ({{ rows_of_hours(before, 'ordered_at') }}) as rows_before
    group by all
)

select distinct
    order_id,
    profile_id
from ({{ row_changes('remade', 'kept') }}) as differences
{% else %}
select
    order_id,
    profile_id
from {{ ref('int_orders_profiled') }}
where false
{% endif %}
