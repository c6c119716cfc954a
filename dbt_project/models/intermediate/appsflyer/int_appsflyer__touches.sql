select
    'appsflyer:' || touch_key as touch_id,
    'appsflyer' as source,
    record_id,
    coalesce(campaign_id, campaign_name) as campaign_id,
    campaign_name,
    'app_ad' as touchpoint,
    'clicked' as touch_type,
    occurred_at
from {{ ref('int_appsflyer__touched') }}
where
    record_id is not null
    and interaction_type = 'ad_clicked'
