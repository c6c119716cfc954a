-- Ways to a sale (int_sale_paths), the most frequent ones of each level.
with summed as (
    select
        level,
        path,
        min(stops) as stops,
        count(*) filter (where is_sale) as orders,
        count(distinct profile_id) filter (where is_sale) as profiles,
        sum(net_amount) as revenue_amount,
        median(days) filter (where is_sale) as median_days
    from {{ ref('int_sale_paths') }}
    group by level, path
)

select
    level,
    cast(row_number() over (partition by level order by orders desc, path) as integer) as rank,
    path,
    stops,
    orders,
    profiles,
    cast(revenue_amount as decimal(18, 2)) as revenue_amount,
    cast('{{ var("reporting_currency") }}' as varchar) as currency,
    round(orders / nullif(cast(sum(orders) over (partition by level) as double), 0), 6) as order_share,
    round(median_days, 2) as median_days
from summed
qualify row_number() over (partition by level order by orders desc, path) <= 200
