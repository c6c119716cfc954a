with versions as (
    {{ first_by_key(source('klaviyo', 'events'), ['event_id']) }}
)

select
    trim(event_id) as event_id,
    occurred_at,
    trim(klaviyo_id) as klaviyo_id,
    trim(metric_id) as metric_id,
    properties,
    _dt as delivered_date
from versions
