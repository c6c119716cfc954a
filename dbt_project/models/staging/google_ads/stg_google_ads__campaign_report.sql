-- Lines of sums have no day.
with versions as (
    {{ latest_by_key(source('google_ads', 'campaign_report'), ['campaign_name', 'cost_date']) }}
)

select
    campaign_id,
    trim(campaign_name) as campaign_name,
    cost_date,
    upper(currency) as currency,
    cost as amount,
    cast(impressions as bigint) as impressions,
    cast(clicks as bigint) as clicks,
    _dt as delivered_date
from versions
where
    cost_date is not null
    and campaign_name not like 'Total:%'
