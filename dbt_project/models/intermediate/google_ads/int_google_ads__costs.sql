-- Cost per campaign and day. A downloaded table fills only what the API did not deliver.
select
    'google_ads:' || campaign_id || ':' || cast(cost_date as varchar) || coalesce(':' || network, '') as cost_id,
    'google_ads' as source,
    case when network in ('CONTENT', 'DISPLAY', 'YOUTUBE_WATCH', 'YOUTUBE_SEARCH', 'YOUTUBE') then 'display_ad' else 'search_ad' end as touchpoint,
    campaign_id,
    campaign_name,
    cost_date,
    amount,
    coalesce(currency, '{{ var("reporting_currency") }}') as currency,
    impressions,
    clicks
from {{ ref('stg_google_ads__campaign_costs') }}
union all
select
    'google_ads:report:' || report.campaign_name || ':' || cast(report.cost_date as varchar) as cost_id,
    'google_ads' as source,
    'search_ad' as touchpoint,
    coalesce(report.campaign_id, report.campaign_name) as campaign_id,
    report.campaign_name,
    report.cost_date,
    report.amount,
    coalesce(report.currency, '{{ var("reporting_currency") }}') as currency,
    report.impressions,
    report.clicks
from {{ ref('stg_google_ads__campaign_report') }} as report
where not exists (
    select 1
    from {{ ref('stg_google_ads__campaign_costs') }} as costs
    where
        costs.cost_date = report.cost_date
        and (costs.campaign_id = report.campaign_id or costs.campaign_name = report.campaign_name)
)
