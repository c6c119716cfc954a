with versions as (
    {{ first_by_key(source('live_chat_events', 'events'), ['message_id']) }}
)

select
    message_id,
    {{ snake_case('event') }} as event,
    {{ known_user_id('user_id') }} as user_id,
    {{ clean_text('anonymous_id') }} as anonymous_id,
    {{ clean_text('email') }} as email,
    conversation_id,
    chat_message_id,
    body,
    duration_seconds,
    agent_id,
    occurred_at,
    _dt as delivered_date
from versions
