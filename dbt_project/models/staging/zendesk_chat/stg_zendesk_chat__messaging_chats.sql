with versions as (
    {{ latest_by_key(source('zendesk_chat', 'messaging_chats'), ['chat_id']) }}
)

select
    chat_id,
    ticket_id,
    user_id,
    replace({{ clean_text('visitor_id') }}, '-', '.') as visitor_id,
    channel,
    initiator,
    is_authenticated,
    conversation_id,
    _dt as delivered_date
from versions
