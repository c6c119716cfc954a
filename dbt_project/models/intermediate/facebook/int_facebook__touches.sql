-- A lead-ad form was opened by a click on the ad.
select
    'facebook:' || lead_id as touch_id,
    'facebook' as source,
    record_id,
    campaign_id,
    campaign_name,
    'facebook_lead_ad' as touchpoint,
    'clicked' as touch_type,
    submitted_at as occurred_at
from {{ ref('int_facebook__lead_mentions') }}
where
    campaign_id is not null
    and record_id is not null
