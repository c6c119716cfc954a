-- Events that are contacts of a campaign.
select
    'klaviyo:' || event_id as touch_id,
    'klaviyo' as source,
    record_id,
    campaign_id,
    campaign_name,
    touchpoint,
    touch_type,
    occurred_at
from {{ ref('int_klaviyo__events') }}
where touch_type is not null
