select
    items.message_id,
    conversations.conversation_id as ticket_id,
    conversations.record_id,
    items.is_inbound,
    items.body,
    items.occurred_at
from {{ ref('int_olark__items') }} as items
inner join {{ ref('int_olark__conversations') }} as conversations
    on 'olark:' || items.conversation_id = conversations.conversation_id
where
    items.body is not null
    and items.occurred_at is not null
    and conversations.first_request_at is not null
