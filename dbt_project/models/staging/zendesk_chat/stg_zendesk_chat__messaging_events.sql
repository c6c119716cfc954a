with versions as (
    {{ first_by_key(source('zendesk_chat', 'messaging_events'), ['chat_id', 'event_no', 'occurred_at']) }}
)

select
    chat_id,
    event_no,
    occurred_at,
    actor_id,
    event_type,
    body,
    lower(status) as status,
    reason,
    original_message,
    _dt as delivered_date
from versions
