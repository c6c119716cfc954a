-- What was paid for a touchpoint, as its system reports it; converted like orders.
with rates as (
    {{ reporting_rates() }}
)

select
    costs.cost_id,
    costs.source,
    touchpoints.channel,
    costs.touchpoint,
    costs.campaign_id,
    costs.campaign_name,
    cast(costs.cost_date as date) as cost_date,
    cast(costs.amount as decimal(18, 4)) as amount,
    costs.currency,
    cast(cast(costs.amount as decimal(18, 4)) * rates.rate as decimal(18, 4)) as amount_reporting,
    cast(costs.impressions as bigint) as impressions,
    cast(costs.clicks as bigint) as clicks
from {{ ref('int_costs_unioned') }} as costs
left join {{ ref('touchpoints') }} as touchpoints on costs.touchpoint = touchpoints.touchpoint
left join rates
    on
        costs.currency = rates.currency
        and cast(costs.cost_date as date) >= rates.valid_from
        and (rates.valid_to is null or cast(costs.cost_date as date) < rates.valid_to)
