{{ config(materialized='table') }}
-- Chat calls of conversations that no chat system delivered itself; a user id that is an e-mail is one.
with delivered_elsewhere as (
    select native_id as conversation_id from {{ ref('int_zendesk_chat__conversations') }}
    union
    select conversation_id from {{ ref('stg_intercom__conversations') }}
    union
    select conversation_id from {{ ref('stg_olark__conversations') }}
)

select
    *,
    case
        when user_id like '%@%' then 'live_chat_events:users:' || {{ keyed_hash(['lower(user_id)']) }}
        when user_id is not null then 'live_chat_events:users:' || user_id
    end as record_id,
    coalesce(case when user_id like '%@%' then user_id end, email) as person_email,
    min(case when event = 'live_chat_message_sent' then occurred_at end) over (partition by conversation_id) as first_request_at
from {{ ref('stg_live_chat_events__events') }}
where
    event in (
        'live_chat_conversation_started', 'live_chat_conversation_ended', 'live_chat_message_sent', 'live_chat_message_received'
    )
    and conversation_id not in (select conversation_id from delivered_elsewhere)
    and not coalesce({{ is_own_mailbox("coalesce(email, user_id)") }}, false)
