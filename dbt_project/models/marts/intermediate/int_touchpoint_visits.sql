{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade(
        \"kept.profile_id = remade.profile_id and date_trunc('month', kept.visited_at) = remade.month\", ref('int_visits_changed')
    ) }}"
) }}
-- The first act of a known person at a touchpoint in a calendar month, and whether a sale to that person followed within
-- 7 days. The sale itself is no visit. Young visits, whose 7 days reach beyond the as-of, are not mature.
-- depends_on: {{ ref('int_visits_changed') }}
with visits as (
    select
        profile_id,
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        date_trunc('month', occurred_at) as month,
        min(occurred_at) as visited_at
    from {{ ref('int_interactions_profiled') }}
    where
        profile_id is not null
        and {{ is_campaign_visit('direction', 'interaction_type') }}
        {% if by_change() -%}
        and (profile_id, date_trunc('month', occurred_at)) in (
            select (changed.profile_id, changed.month) from {{ ref('int_visits_changed') }} as changed
        )
        {%- endif %}
    group by 1, 2, 3, 4
)

select
    visits.profile_id,
    visits.channel,
    visits.touchpoint,
    visits.visited_at,
    count(sales.order_id) > 0 as is_converted,
    visits.visited_at + interval 7 day <= {{ as_of_end() }} as is_mature
from visits
left join {{ ref('int_orders_profiled') }} as sales
    on
        visits.profile_id = sales.profile_id
        and sales.ordered_at >= visits.visited_at
        and sales.ordered_at < visits.visited_at + interval 7 day
        and {{ is_sale('sales') }}
group by visits.profile_id, visits.channel, visits.touchpoint, visits.visited_at
