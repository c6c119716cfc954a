{{ config(materialized='view') }}
-- What customers and people of the desk wrote; a bot's sentences are no service.
select
    messages.message_id,
    coalesce(conversations.ticket_id, conversations.conversation_id) as ticket_id,
    conversations.record_id,
    messages.sender = 'customer' as is_inbound,
    messages.body,
    messages.occurred_at
from {{ ref('int_zendesk_chat__chat_messages') }} as messages
inner join {{ ref('int_zendesk_chat__conversations') }} as conversations
    on
        messages.chat_id = conversations.native_id
        and messages.object = conversations.object
where
    messages.sender in ('customer', 'human')
    and messages.body is not null
    and conversations.first_request_at is not null
