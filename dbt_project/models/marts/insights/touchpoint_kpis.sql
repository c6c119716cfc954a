{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.month = remade.month', ref('int_months_changed')) }}"
) }}
-- depends_on: {{ ref('int_months_changed') }}
-- People are told apart by a hash: whole numbers group several times faster than ids.
with people as (
    select
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        cast(date_trunc('month', occurred_at) as date) as month,
        case when profile_id is not null then {{ row_hash(['profile_id']) }} end as person,
        count(*) as interactions,
        count(*) filter (where direction = 'inbound') as inbound_interactions
    from {{ ref('int_interactions_profiled') }}
    {% if by_change() -%}
    where cast(date_trunc('month', occurred_at) as date) in (select changed.month from {{ ref('int_months_changed') }} as changed)
    {%- endif %}
    group by all
),

-- One row of people is that of nobody known.
activity as (
    select
        channel,
        touchpoint,
        month,
        cast(sum(interactions) as bigint) as interactions,
        cast(sum(inbound_interactions) as bigint) as inbound_interactions,
        count(person) as profiles,
        cast(sum(case when person is not null then interactions else 0 end) as bigint) as identified_interactions
    from people
    group by channel, touchpoint, month
),

sales as (
    select
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        cast(date_trunc('month', ordered_at) as date) as month,
        count(*) filter (where status = 'completed') as orders,
        sum(net_amount) as revenue_amount
    from {{ ref('int_orders_profiled') }}
    {% if by_change() -%}
    where cast(date_trunc('month', ordered_at) as date) in (select changed.month from {{ ref('int_months_changed') }} as changed)
    {%- endif %}
    group by all
)

select
    coalesce(activity.channel, sales.channel) as channel,
    coalesce(activity.touchpoint, sales.touchpoint) as touchpoint,
    coalesce(activity.month, sales.month) as month,
    coalesce(activity.interactions, 0) as interactions,
    coalesce(activity.inbound_interactions, 0) as inbound_interactions,
    coalesce(activity.profiles, 0) as profiles,
    round(activity.identified_interactions / cast(activity.interactions as double), 6) as identified_share,
    coalesce(sales.orders, 0) as orders,
    cast(coalesce(sales.revenue_amount, 0) as decimal(18, 2)) as revenue_amount,
    cast('{{ var("reporting_currency") }}' as varchar) as currency
from activity
full join sales
    on activity.channel = sales.channel and activity.touchpoint = sales.touchpoint and activity.month = sales.month
