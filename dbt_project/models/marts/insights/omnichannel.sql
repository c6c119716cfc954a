-- Known people by the channels they used in the last 365 days: those they were in touch through (`contact`), and those
-- they bought in (`purchase`). Grouped by number of channels, by kinds, and by the exact combination.
with revenue as (
    select
        profile_id,
        count(*) filter (where {{ is_sale('sales') }}) as orders,
        sum(net_amount) as revenue_amount
    from {{ ref('int_orders_profiled') }} as sales
    where profile_id is not null and {{ within_days('ordered_at', 365) }}
    group by profile_id
),

grouped as (
    select
        basis,
        'channels' as grouping,
        case when channels >= 5 then '5+' else cast(channels as varchar) end as value,
        profile_id
    from {{ ref('int_profile_channels') }}
    union all
    select
        basis,
        'kinds',
        kinds,
        profile_id
    from {{ ref('int_profile_channels') }}
    union all
    select
        basis,
        'combination',
        combination,
        profile_id
    from {{ ref('int_profile_channels') }}
),

summed as (
    select
        grouped.basis,
        grouped.grouping,
        grouped.value,
        count(*) as profiles,
        count(revenue.profile_id) filter (where revenue.orders > 0) as buyers,
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
