select
    'hubspot:' || event_id as touch_id,
    'hubspot' as source,
    record_id,
    campaign_id,
    cast(null as varchar) as campaign_name,
    'marketing_email' as touchpoint,
    touch_type,
    occurred_at
from {{ ref('int_hubspot__events') }}
where touch_type is not null
