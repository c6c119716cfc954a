-- Only a click whose visit was logged in is somebody's.
select
    'google_ads:' || gclid as touch_id,
    'google_ads' as source,
    record_id,
    campaign_id,
    campaign_name,
    touchpoint,
    'clicked' as touch_type,
    occurred_at
from {{ ref('int_google_ads__clicks') }}
where record_id is not null
