with versions as (
    {{ latest_by_key(source('google_ads', 'campaign_costs'), ['campaign_id', 'cost_date', 'network']) }}
)

select
    campaign_id,
    campaign_name,
    cost_date,
    upper(network) as network,
    upper(currency) as currency,
    cast(cost_micros as decimal(24, 6)) / 1000000 as amount,
    impressions,
    clicks,
    _dt as delivered_date
from versions
