with versions as (
    {{ first_by_key(source('hubspot', 'event_details'), ['event_id']) }}
)

select
    trim(event_id) as event_id,
    url,
    drop_reason,
    category,
    subscription_status,
    _dt as delivered_date
from versions
