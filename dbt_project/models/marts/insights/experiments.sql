-- Exposure is the first interaction that names the experiment; who saw two variants is left out of both.
with exposures as (
    select
        profile_id,
        experiment_id,
        min(variant) as variant,
        min(occurred_at) as exposed_at
    from {{ ref('int_interactions_profiled') }}
    where experiment_id is not null and profile_id is not null
    group by profile_id, experiment_id
    having min(variant) = max(variant)
),

outcomes as (
    select
        exposures.experiment_id,
        exposures.variant,
        exposures.profile_id,
        exposures.exposed_at,
        count(orders.order_id) as orders,
        coalesce(sum(orders.net_amount), 0) as revenue_amount
    from exposures
    left join {{ ref('int_orders_profiled') }} as orders
        on
            exposures.profile_id = orders.profile_id
            and orders.ordered_at >= exposures.exposed_at
            and orders.ordered_at < exposures.exposed_at + interval 30 day
    group by all
)

select
    experiment_id,
    variant,
    count(*) as profiles,
    count(*) filter (where orders > 0) as converted_profiles,
    round(count(*) filter (where orders > 0) / cast(count(*) as double), 6) as conversion_rate,
    cast(sum(orders) as bigint) as orders,
    cast(sum(revenue_amount) as decimal(18, 2)) as revenue_amount,
    cast('{{ var("reporting_currency") }}' as varchar) as currency,
    min(exposed_at) as first_exposed_at,
    max(exposed_at) as last_exposed_at
from outcomes
group by experiment_id, variant
