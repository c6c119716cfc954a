select
    'appsflyer:' || appsflyer_id as anonymous_id,
    record_id,
    'event' as call_type,
    occurred_at,
    'appsflyer:' || event_key as message_id
from {{ ref('int_appsflyer__events') }}
where record_id is not null
