{{ config(materialized='table') }}
-- Conversations in the shape of macros/conversations.sql, tests by staff left out. Waiting is measured between instants: the platform's own
-- statistics count business seconds and stay apart.
with written as (
    select
        *,
        min(case when sender = 'customer' then occurred_at end) over (partition by conversation_id) as first_request_at
    from {{ ref('int_intercom__parts') }}
),

messages as (
    select
        conversation_id,
        min(first_request_at) as first_request_at,
        min(case when sender = 'human' and body is not null and occurred_at >= first_request_at then occurred_at end) as first_human_at,
        min(case when part_type like '%assignment%' then occurred_at end) as assigned_at,
        count(case when sender = 'customer' and body is not null then 1 end) as customer_messages,
        count(case when sender = 'human' and body is not null then 1 end) as human_messages,
        count(case when sender = 'bot' and body is not null then 1 end) as bot_messages
    from written
    group by conversation_id
),

-- The author of the first message stands before the other contacts of the conversation.
people as (
    select
        conversation_id,
        {{ earliest_value('record_id', ['contact_no', 'contact_id']) }} as record_id
    from {{ ref('int_intercom__contacts') }}
    group by conversation_id
),

joined as (
    select
        conversations.*,
        messages.first_request_at,
        coalesce(messages.first_human_at, conversations.first_admin_reply_at) as first_human_reply_at,
        messages.assigned_at,
        messages.customer_messages,
        messages.human_messages,
        messages.bot_messages,
        people.record_id,
        coalesce(conversations.delivered_as, 'customer_initiated') <> 'customer_initiated' as is_outbound
    from {{ ref('stg_intercom__conversations') }} as conversations
    left join messages on conversations.conversation_id = messages.conversation_id
    left join people on conversations.conversation_id = people.conversation_id
    where
        conversations.author_type not in ('user', 'lead', 'contact')
        or conversations.author_type is null
        or not coalesce({{ is_own_mailbox('conversations.author_email') }}, false)
)

select
    'intercom:' || conversation_id as conversation_id,
    'intercom:conversations:' || conversation_id as interaction_key,
    record_id,
    cast(null as varchar) as anonymous_id,
    case
        when source_type = 'email' then 'support_email'
        when source_type in ('facebook', 'twitter', 'instagram', 'whatsapp') then 'support_social'
        when source_type = 'sms' then 'support_sms'
        when source_type in ('phone_call', 'phone_switch') then 'support_call'
        else 'support_chat'
    end as touchpoint,
    case
        when source_type in ('email', 'facebook', 'twitter', 'instagram', 'whatsapp', 'sms', 'phone_call', 'phone_switch') then 'ticket_opened'
        else 'chat_started'
    end as opening_type,
    is_outbound,
    cast(null as varchar) as ticket_id,
    subject,
    cast(null as varchar) as department,
    is_ai_participating as has_bot,
    is_ai_participating and (ai_resolution = 'routed_to_team' or first_human_reply_at is not null) as is_handed_over,
    created_at as started_at,
    coalesce(first_request_at, first_contact_reply_at) as first_request_at,
    case
        when is_ai_participating and (ai_resolution = 'routed_to_team' or first_human_reply_at is not null)
            then coalesce(assigned_at, first_human_reply_at, updated_at)
    end as handover_at,
    first_human_reply_at,
    case when state = 'closed' then coalesce(last_closed_at, updated_at) end as ended_at,
    state = 'closed' and coalesce(human_messages, 0) = 0 and first_human_reply_at is null and not is_ai_participating as is_missed,
    coalesce(customer_messages, 0) as customer_messages,
    coalesce(human_messages, 0) as human_messages,
    coalesce(bot_messages, 0) as bot_messages,
    reopens,
    coalesce(state = 'closed', false) as is_closed
from joined
