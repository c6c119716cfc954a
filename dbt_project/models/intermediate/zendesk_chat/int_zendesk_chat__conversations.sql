{{ config(materialized='table') }}
-- Chats and messaging conversations in the shape of macros/conversations.sql; tests by staff are left out.
with written as (
    select
        *,
        min(case when sender = 'customer' then occurred_at end) over (partition by chat_id, object) as first_request_at
    from {{ ref('int_zendesk_chat__chat_messages') }}
),

messages as (
    select
        chat_id,
        object,
        min(first_request_at) as first_request_at,
        min(case when sender = 'human' and occurred_at >= first_request_at then occurred_at end) as first_human_reply_at,
        count(case when sender = 'customer' then 1 end) as customer_messages,
        count(case when sender = 'human' then 1 end) as human_messages,
        count(case when sender = 'bot' then 1 end) as bot_messages
    from written
    group by
        chat_id,
        object
),

-- A trigger greets; only the answer bot and the system hold a conversation.
events as (
    select
        chat_id,
        min(occurred_at) as started_at,
        max(case when event_type = 'ChatEnd' then occurred_at end) as ended_at,
        min(
            case
                when event_type = 'ChatMessage'
                    and (actor_id = '__system' or lower({{ json_text('original_message', '$.source.type') }}) = 'zd:answerbot')
                    then occurred_at
            end
        ) as bot_at,
        max(case when {{ regexp_like("coalesce(actor_id, '')", '^[0-9]+$') }} then actor_id end) as user_id
    from {{ ref('stg_zendesk_chat__messaging_events') }}
    group by chat_id
),

handovers as (
    select
        events.chat_id,
        min(moves.occurred_at) as handover_at
    from events
    inner join (
        select
            chat_id,
            occurred_at
        from {{ ref('stg_zendesk_chat__messaging_events') }}
        where event_type = 'ChatDepartmentTransfer'
        union all
        select
            chat_id,
            occurred_at
        from {{ ref('int_zendesk_chat__chat_messages') }}
        where
            object = 'messaging_events'
            and sender = 'human'
    ) as moves
        on
            events.chat_id = moves.chat_id
            and events.bot_at <= moves.occurred_at
    group by events.chat_id
),

conversations as (
    select
        chats.chat_id as native_id,
        'chats' as object,
        chats.visitor_id as anonymous_id,
        case when chats.chat_type = 'offline_msg' then 'offline_message' else 'chat_started' end as opening_type,
        chats.started_by in ('agent', 'trigger') as is_outbound,
        chats.ticket_id as desk_ticket_id,
        cast(null as varchar) as user_id,
        chats.department,
        false as has_bot,
        false as is_handed_over,
        chats.started_at,
        coalesce(messages.first_request_at, case when chats.visitor_count > 0 then chats.started_at end) as first_request_at,
        cast(null as timestamp) as handover_at,
        messages.first_human_reply_at,
        chats.ended_at,
        coalesce(chats.is_missed, false) as is_missed,
        coalesce(messages.customer_messages, chats.visitor_count, 0) as customer_messages,
        coalesce(messages.human_messages, chats.agent_count, 0) as human_messages,
        coalesce(messages.bot_messages, 0) as bot_messages,
        chats.ended_at is not null as is_closed
    from {{ ref('stg_zendesk_chat__chats') }} as chats
    left join messages
        on
            chats.chat_id = messages.chat_id
            and messages.object = 'chats'
    union all
    select
        events.chat_id as native_id,
        'messaging_events' as object,
        chats.visitor_id as anonymous_id,
        'chat_started' as opening_type,
        coalesce(lower(chats.initiator) in ('agent', 'trigger'), false) as is_outbound,
        chats.ticket_id as desk_ticket_id,
        coalesce(chats.user_id, events.user_id) as user_id,
        cast(null as varchar) as department,
        events.bot_at is not null as has_bot,
        handovers.handover_at is not null as is_handed_over,
        events.started_at,
        messages.first_request_at,
        handovers.handover_at,
        messages.first_human_reply_at,
        events.ended_at,
        handovers.handover_at is not null and coalesce(messages.human_messages, 0) = 0 as is_missed,
        coalesce(messages.customer_messages, 0) as customer_messages,
        coalesce(messages.human_messages, 0) as human_messages,
        coalesce(messages.bot_messages, 0) as bot_messages,
        events.ended_at is not null as is_closed
    from events
    left join {{ ref('stg_zendesk_chat__messaging_chats') }} as chats on events.chat_id = chats.chat_id
    left join messages
        on
            events.chat_id = messages.chat_id
            and messages.object = 'messaging_events'
    left join handovers on events.chat_id = handovers.chat_id
)

select
    'zendesk_chat:' || conversations.native_id as conversation_id,
    'zendesk_chat:' || conversations.object || ':' || conversations.native_id as interaction_key,
    coalesce(users.record_id, contacts.record_id, tickets.record_id) as record_id,
    conversations.anonymous_id,
    'support_chat' as touchpoint,
    conversations.opening_type,
    coalesce(conversations.is_outbound, false) as is_outbound,
    tickets.ticket_id,
    cast(null as varchar) as subject,
    conversations.department,
    conversations.has_bot,
    conversations.is_handed_over,
    conversations.started_at,
    conversations.first_request_at,
    conversations.handover_at,
    conversations.first_human_reply_at,
    conversations.ended_at,
    conversations.is_missed,
    conversations.customer_messages,
    conversations.human_messages,
    conversations.bot_messages,
    0 as reopens,
    conversations.is_closed,
    conversations.native_id,
    conversations.object
from conversations
left join {{ ref('int_zendesk__tickets') }} as tickets on conversations.desk_ticket_id = tickets.native_id
left join {{ ref('int_zendesk__end_users') }} as users on conversations.user_id = users.user_id
left join {{ ref('int_zendesk_chat__contacts') }} as contacts
    on
        conversations.native_id = contacts.chat_id
        and conversations.object = contacts.object
where not coalesce(contacts.is_staff, false)
