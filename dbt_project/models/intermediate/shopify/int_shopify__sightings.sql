select
    client_id as anonymous_id,
    record_id,
    'other' as call_type,
    occurred_at,
    event_id as message_id
from {{ ref('int_shopify__pixel_events') }}
where
    client_id is not null
    and record_id is not null
