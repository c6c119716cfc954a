{{ config(materialized='table') }}
-- Messages of chats and messaging conversations with who wrote them: customer, human or bot. In a chat's history newer
-- exports say the sender; in older ones the customer carries the visitor's name or a message id. A messaging bot looks
-- like staff but for the source of its message; triggers and the system write by themselves.
with chat_items as (
    select
        chats.chat_id,
        'chats' as object,
        entry.position as message_no,
        {{ json_text('entry.item', '$.name') }} as name,
        {{ json_text('entry.item', '$.msg') }} as body,
        {{ json_text('entry.item', '$.msg_id') }} as msg_id,
        lower({{ json_text('entry.item', '$.sender_type') }}) as sender_type,
        {{ iso_to_timestamp(json_text('entry.item', '$.timestamp')) }} as occurred_at,
        {{ json_text('entry.item', '$.type') }} as item_type,
        chats.display_name,
        chats.agent_names
    from {{ ref('stg_zendesk_chat__chats') }} as chats
    {{ unnest_json('chats.history', 'entry') }}
),

events as (
    select
        *,
        lower({{ json_text('original_message', '$.author.type') }}) as author_type,
        lower({{ json_text('original_message', '$.source.type') }}) as message_source
    from {{ ref('stg_zendesk_chat__messaging_events') }}
    where event_type = 'ChatMessage'
)

select
    chat_id,
    object,
    'zendesk_chat:' || chat_id || ':' || message_no as message_id,
    case
        when sender_type = 'visitor' then 'customer'
        when sender_type = 'agent' then 'human'
        when sender_type is not null then 'bot'
        when name = display_name then 'customer'
        when agent_names like '%"' || name || '"%' then 'human'
        when msg_id is not null then 'customer'
        else 'bot'
    end as sender,
    body,
    occurred_at
from chat_items
where
    item_type = 'chat.msg'
    and body is not null
    and occurred_at is not null
union all
select
    chat_id,
    'chats' as object,
    'zendesk_chat:' || chat_id || ':offline' as message_id,
    'customer' as sender,
    message as body,
    started_at as occurred_at
from {{ ref('stg_zendesk_chat__chats') }}
where
    message is not null
    and chat_type = 'offline_msg'
union all
select
    chat_id,
    'messaging_events' as object,
    -- The index repeats in practice.
    'zendesk_chat:' || chat_id || ':' || event_no || ':' || cast(occurred_at as varchar) as message_id,
    case
        when message_source = 'zd:answerbot' then 'bot'
        when actor_id in ('__system', '__trigger') then 'bot'
        when author_type = 'user' or {{ regexp_like("coalesce(actor_id, '')", '^[0-9]+$') }} then 'customer'
        when {{ regexp_like("coalesce(actor_id, '')", '^agent:.') }} then 'human'
        else 'unknown'
    end as sender,
    body,
    occurred_at
from events
