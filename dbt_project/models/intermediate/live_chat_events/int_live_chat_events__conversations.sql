{{ config(materialized='table') }}
-- Conversations in the shape of macros/conversations.sql; the specification does not tell bots.
select
    'live_chat_events:' || conversation_id as conversation_id,
    'live_chat_events:conversations:' || conversation_id as interaction_key,
    {{ earliest_value('record_id', ['occurred_at', 'message_id']) }} as record_id,
    {{ earliest_value('anonymous_id', ['occurred_at', 'message_id']) }} as anonymous_id,
    'support_chat' as touchpoint,
    'chat_started' as opening_type,
    false as is_outbound,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as subject,
    cast(null as varchar) as department,
    false as has_bot,
    false as is_handed_over,
    min(occurred_at) as started_at,
    min(first_request_at) as first_request_at,
    cast(null as timestamp) as handover_at,
    min(case when event = 'live_chat_message_received' and occurred_at >= first_request_at then occurred_at end) as first_human_reply_at,
    max(case when event = 'live_chat_conversation_ended' then occurred_at end) as ended_at,
    max(case when event = 'live_chat_message_received' then 1 else 0 end) = 0 as is_missed,
    count(case when event = 'live_chat_message_sent' then 1 end) as customer_messages,
    count(case when event = 'live_chat_message_received' then 1 end) as human_messages,
    0 as bot_messages,
    0 as reopens,
    max(case when event = 'live_chat_conversation_ended' then 1 else 0 end) = 1 as is_closed
from {{ ref('int_live_chat_events__calls') }}
group by conversation_id
