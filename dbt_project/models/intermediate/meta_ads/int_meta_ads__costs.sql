-- Cost per ad, day and breakdown. Nobody stands behind a sum: there is no record and no interaction.
select
    concat_ws(':', 'meta_ads', ad_id, cast(date_start as varchar), publisher_platform, age, gender, country) as cost_id,
    'meta_ads' as source,
    'social_ad' as touchpoint,
    campaign_id,
    campaign_name,
    date_start as cost_date,
    spend as amount,
    coalesce(currency, '{{ var("reporting_currency") }}') as currency,
    impressions,
    clicks
from {{ ref('stg_meta_ads__insights') }}
