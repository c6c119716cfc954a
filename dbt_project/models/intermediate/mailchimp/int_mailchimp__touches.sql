select
    'mailchimp:' || event_key as touch_id,
    'mailchimp' as source,
    record_id,
    campaign_id,
    campaign_name,
    'marketing_email' as touchpoint,
    touch_type,
    occurred_at
from {{ ref('int_mailchimp__events') }}
where touch_type is not null
