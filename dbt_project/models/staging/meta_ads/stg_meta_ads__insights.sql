with versions as (
    {{ latest_by_key(source('meta_ads', 'insights'), ['ad_id', 'date_start', 'publisher_platform', 'age', 'gender', 'country']) }}
)

select
    ad_id,
    date_start,
    publisher_platform,
    age,
    gender,
    country,
    upper(currency) as currency,
    campaign_id,
    campaign_name,
    adset_id,
    ad_name,
    spend,
    impressions,
    clicks,
    _dt as delivered_date
from versions
