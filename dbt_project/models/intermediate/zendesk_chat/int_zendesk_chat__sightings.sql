select
    visitor_id as anonymous_id,
    record_id,
    'identify' as call_type,
    occurred_at,
    'zendesk_chat:' || object || ':' || chat_id as message_id
from {{ ref('int_zendesk_chat__contacts') }}
where
    visitor_id is not null
    and not is_staff
