select
    'live_chat_events:' || calls.message_id as message_id,
    conversations.conversation_id as ticket_id,
    conversations.record_id,
    calls.event = 'live_chat_message_sent' as is_inbound,
    calls.body,
    calls.occurred_at
from {{ ref('int_live_chat_events__calls') }} as calls
inner join {{ ref('int_live_chat_events__conversations') }} as conversations
    on 'live_chat_events:' || calls.conversation_id = conversations.conversation_id
where
    calls.event in ('live_chat_message_sent', 'live_chat_message_received')
    and calls.body is not null
    and conversations.first_request_at is not null
