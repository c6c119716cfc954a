select
    parts.message_id,
    conversations.conversation_id as ticket_id,
    conversations.record_id,
    parts.sender = 'customer' as is_inbound,
    parts.body,
    parts.occurred_at
from {{ ref('int_intercom__parts') }} as parts
inner join {{ ref('int_intercom__conversations') }} as conversations
    on 'intercom:' || parts.conversation_id = conversations.conversation_id
where
    parts.sender in ('customer', 'human')
    and parts.body is not null
    and conversations.first_request_at is not null
