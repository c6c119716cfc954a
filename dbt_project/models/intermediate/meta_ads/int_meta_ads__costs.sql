-- Cost per ad, day and breakdown. Nobody stands behind a sum: there is no record and no interaction. A campaign that
-- brought lead forms paid for those.
with lead_campaigns as (
    select distinct campaign_id
    from {{ ref('stg_facebook__leads') }}
    where campaign_id is not null
)

select
    concat_ws(
        ':', 'meta_ads', insights.ad_id, cast(insights.date_start as varchar),
        insights.publisher_platform, insights.age, insights.gender, insights.country
    ) as cost_id,
    'meta_ads' as source,
    case when lead_campaigns.campaign_id is not null then 'facebook_lead_ad' else 'social_ad' end as touchpoint,
    insights.campaign_id,
    insights.campaign_name,
    insights.date_start as cost_date,
    insights.spend as amount,
    coalesce(insights.currency, '{{ var("reporting_currency") }}') as currency,
    insights.impressions,
    insights.clicks
from {{ ref('stg_meta_ads__insights') }} as insights
left join lead_campaigns on insights.campaign_id = lead_campaigns.campaign_id
