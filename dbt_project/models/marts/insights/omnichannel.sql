-- Known people by the channels they used in the last 365 days: those they were in touch through (`contact`), and those
-- they bought in (`purchase`). Grouped by number of channels, by kinds, and by the exact combination.
with used as (
    select
        'contact' as basis,
        profile_id,
        channel
    from {{ ref('int_interactions_profiled') }}
    where
        {{ is_own_act('direction', 'interaction_type') }}
        and profile_id is not null
        and channel is not null
        and channel not in ('survey', 'review')
        and {{ within_days('occurred_at', 365) }}

    union

    select
        'purchase',
        profile_id,
        channel
    from {{ ref('int_orders_profiled') }}
    where profile_id is not null and channel is not null and {{ within_days('ordered_at', 365) }}
),

kinds as (
    select
        channel,
        min(kind) as kind
    from {{ ref('touchpoints') }}
    group by channel
),

revenue as (
    select
        profile_id,
        count(*) as orders,
        sum(net_amount) as revenue_amount
    from {{ ref('int_orders_profiled') }}
    where profile_id is not null and {{ within_days('ordered_at', 365) }}
    group by profile_id
),

people as (
    select
        used.basis,
        used.profile_id,
        count(*) as channels,
        string_agg(used.channel, ' + ' order by used.channel) as combination,
        string_agg(distinct coalesce(kinds.kind, 'unknown'), ' + ' order by coalesce(kinds.kind, 'unknown')) as kinds
    from used
    left join kinds on used.channel = kinds.channel
    group by used.basis, used.profile_id
),

grouped as (
    select
        basis,
        'channels' as grouping,
        case when channels >= 5 then '5+' else cast(channels as varchar) end as value,
        profile_id
    from people
    union all
    select
        basis,
        'kinds',
        kinds,
        profile_id
    from people
    union all
    select
        basis,
        'combination',
        combination,
        profile_id
    from people
),

summed as (
    select
        grouped.basis,
        grouped.grouping,
        grouped.value,
        count(*) as profiles,
        count(revenue.profile_id) as buyers,
        coalesce(sum(revenue.orders), 0) as orders,
        coalesce(sum(revenue.revenue_amount), 0) as revenue_amount
    from grouped
    left join revenue on grouped.profile_id = revenue.profile_id
    group by grouped.basis, grouped.grouping, grouped.value
)

select
    basis,
    grouping,
    value,
    profiles,
    round(profiles / cast(sum(profiles) over (partition by basis, grouping) as double), 6) as profile_share,
    buyers,
    cast(orders as bigint) as orders,
    cast(revenue_amount as decimal(18, 2)) as revenue_amount,
    cast('{{ var("reporting_currency") }}' as varchar) as currency,
    round(
        cast(revenue_amount as double) / nullif(cast(sum(revenue_amount) over (partition by basis, grouping) as double), 0), 6
    ) as revenue_share,
    round(cast(revenue_amount as double) / profiles, 4) as revenue_per_profile
from summed
