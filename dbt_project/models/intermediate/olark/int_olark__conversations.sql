{{ config(materialized='table') }}
-- Conversations in the shape of macros/conversations.sql; this widget has no bot.
with written as (
    select
        *,
        min(case when is_inbound then occurred_at end) over (partition by conversation_id) as first_request_at
    from {{ ref('int_olark__items') }}
    where occurred_at is not null
),

messages as (
    select
        conversation_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        min(first_request_at) as first_request_at,
        min(case when kind = 'MessageToVisitor' and occurred_at >= first_request_at then occurred_at end) as first_human_reply_at,
        count(case when is_inbound then 1 end) as customer_messages,
        count(case when kind = 'MessageToVisitor' then 1 end) as human_messages,
        max(case when kind = 'OfflineMessage' then 1 else 0 end) = 1 as is_offline,
        coalesce(min(case when kind = 'MessageToVisitor' then occurred_at end) < min(first_request_at), false)
        or count(first_request_at) = 0 as is_outbound
    from written
    group by conversation_id
)

select
    'olark:' || conversations.conversation_id as conversation_id,
    'olark:conversations:' || conversations.conversation_id as interaction_key,
    contacts.record_id,
    conversations.visitor_id as anonymous_id,
    'support_chat' as touchpoint,
    case when messages.is_offline then 'offline_message' else 'chat_started' end as opening_type,
    messages.is_outbound,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as subject,
    cast(null as varchar) as department,
    false as has_bot,
    false as is_handed_over,
    messages.started_at,
    messages.first_request_at,
    cast(null as timestamp) as handover_at,
    messages.first_human_reply_at,
    messages.ended_at,
    messages.human_messages = 0 as is_missed,
    messages.customer_messages,
    messages.human_messages,
    0 as bot_messages,
    0 as reopens,
    not messages.is_offline as is_closed
from {{ ref('stg_olark__conversations') }} as conversations
inner join messages on conversations.conversation_id = messages.conversation_id
left join {{ ref('int_olark__contacts') }} as contacts on conversations.conversation_id = contacts.conversation_id
where not coalesce({{ is_own_mailbox('conversations.visitor_email') }}, false)
