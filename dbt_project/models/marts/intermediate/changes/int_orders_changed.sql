-- Rows of int_orders_profiled that leave it and that join it in this build; a changed sale does both. Empty in a build of
-- everything.
-- depends_on: {{ ref('int_orders_days') }} {{ ref('int_members_changed') }} {{ ref('int_links_changed') }}
{% if by_change() %}
{%- set before = this.incorporate(path={'identifier': 'int_orders_profiled'}) %}
with days as (
    select ordered_on from {{ ref('int_orders_days') }} where is_changed
),

candidates as (
    select *
    from {{ ref('orders') }}
    where
        cast(ordered_at as date) in (select days.ordered_on from days)
        or record_id in (
            select members.record_id from {{ ref('int_members_changed') }} as members
            where members.profile_id is distinct from members.profile_id_before
        )
        or anonymous_id in (select links.anonymous_id from {{ ref('int_links_changed') }} as links where links.is_changed)
),

remade as (
    {{ orders_profiled('candidates') }}
),

kept as (
    select *
    from {{ before }}
    where
        cast(ordered_at as date) in (select days.ordered_on from days)
        or order_id in (select candidates.order_id from candidates)
)

{{ row_changes('remade', 'kept') }}
{% else %}
select
    *,
    true as is_added
from ({{ orders_profiled(ref('orders')) }}) as nothing
where false
{% endif %}
