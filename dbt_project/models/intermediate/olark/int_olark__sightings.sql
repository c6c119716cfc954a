select
    visitor_id as anonymous_id,
    record_id,
    'identify' as call_type,
    created_at as occurred_at,
    'olark:' || conversation_id as message_id
from {{ ref('int_olark__contacts') }}
where
    visitor_id is not null
    and created_at is not null
