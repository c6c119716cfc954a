-- What to show to somebody of whom nothing is known: best sellers of the last 90 days by buyers, of a region where it has
-- at least 20 buyers, and of everybody.
with sales as (
    select
        lines.product_id,
        lines.category,
        coalesce(lines.profile_id, lines.order_id) as buyer,
        profile.country,
        profile.region
    from {{ ref('int_order_lines_profiled') }} as lines
    left join {{ ref('customer_profile') }} as profile on lines.profile_id = profile.profile_id
    where lines.product_id is not null and {{ is_sold('lines') }} and {{ within_days('lines.ordered_at', 90) }}
),

counted as (
    select
        'everybody' as scope,
        cast(null as varchar) as country,
        cast(null as varchar) as region,
        product_id,
        max(category) as category,
        count(distinct buyer) as buyers
    from sales
    group by product_id
    union all
    select
        'region' as scope,
        country,
        region,
        product_id,
        max(category) as category,
        count(distinct buyer) as buyers
    from sales
    where
        country is not null and region is not null
        and (country, region) in (
            select (large.country, large.region)
            from sales as large
            where large.country is not null and large.region is not null
            group by large.country, large.region
            having count(distinct large.buyer) >= 20
        )
    group by country, region, product_id
)

select
    scope,
    country,
    region,
    row_number() over (partition by scope, country, region order by buyers desc, product_id) as rank,
    product_id,
    category,
    buyers
from counted
where buyers >= 2
qualify rank <= 50
