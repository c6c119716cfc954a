-- An event that another one made obsolete did not happen.
with versions as (
    {{ first_by_key(source('hubspot', 'events'), ['event_id']) }}
)

select
    trim(event_id) as event_id,
    upper(trim(event_type)) as event_type,
    trim(recipient) as recipient,
    campaign_id,
    coalesce(created_at, created_ms_at) as occurred_at,
    coalesce(is_filtered, false) as is_filtered,
    sent_by_id,
    url,
    drop_reason,
    category,
    subscription_status,
    _dt as delivered_date
from versions
where nullif(trim(obsoleted_by_id), '') is null
