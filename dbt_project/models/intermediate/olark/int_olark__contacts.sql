{{ config(materialized='table') }}
-- Who the visitor says to be; an offline message holds the form as lines of its text.
with offline as (
    select
        conversation_id,
        max({{ regexp_group('body', '(?i)(?:^|\\n) *e-?mail: *([^ \\n]+@[^ \\n]+)', 1) }}) as email,
        max({{ regexp_group('body', '(?i)(?:^|\\n) *name: *([^\\n]+)', 1) }}) as name
    from {{ ref('int_olark__items') }}
    where kind = 'OfflineMessage'
    group by conversation_id
),

times as (
    select
        conversation_id,
        min(occurred_at) as occurred_at,
        max(occurred_at) as updated_at
    from {{ ref('int_olark__items') }}
    group by conversation_id
),

typed as (
    select
        conversations.conversation_id,
        conversations.visitor_id,
        coalesce(conversations.visitor_email, offline.email) as email,
        conversations.visitor_phone as phone,
        coalesce(conversations.visitor_name, {{ clean_name('offline.name') }}) as name,
        times.occurred_at as created_at,
        times.updated_at,
        conversations.delivered_date,
        case
            when coalesce(conversations.visitor_email, offline.email) is not null
                then 'email:' || lower(coalesce(conversations.visitor_email, offline.email))
            when conversations.visitor_phone is not null then 'phone:' || {{ digits_of('conversations.visitor_phone') }}
        end as contact_key
    from {{ ref('stg_olark__conversations') }} as conversations
    left join offline on conversations.conversation_id = offline.conversation_id
    left join times on conversations.conversation_id = times.conversation_id
)

select
    *,
    {{ keyed_hash(['contact_key']) }} as native_id,
    'olark:visitors:' || {{ keyed_hash(['contact_key']) }} as record_id
from typed
where
    contact_key is not null
    -- Staff who test the chat.
    and not coalesce({{ is_own_mailbox('email') }}, false)
