-- The split of the people and what they did; the comparison itself is in experiment_results.
select
    experiment_id,
    variant,
    is_control,
    kind,
    campaign_id,
    exposed_people,
    people,
    converted_people,
    round(converted_people / nullif(cast(people as double), 0), 6) as conversion_rate,
    orders,
    revenue_amount,
    round(cast(revenue_amount as double) / nullif(people, 0), 4) as revenue_per_person,
    cast('{{ var("reporting_currency") }}' as varchar) as currency,
    excluded_people,
    planned_share,
    round(exposed_people / nullif(cast(sum(exposed_people) over (partition by experiment_id) as double), 0), 6) as share,
    split_p_value,
    is_split_suspect,
    window_days,
    first_exposed_at,
    last_exposed_at
from {{ ref('stg_analytics__experiment_arms') }}
