{{ config(materialized='table') }}
-- Contacts as conversations name them. Only the first message's author shows an address, and only a user's or lead's is
-- the customer's. A lead who becomes a user comes back under a new id.
with named as (
    select
        conversations.conversation_id,
        {{ json_text('contact.item', '$.id') }} as contact_id,
        contact.position as contact_no,
        {{ known_user_id(json_text('contact.item', '$.external_id')) }} as external_id,
        case when conversations.author_type in ('user', 'lead', 'contact') then conversations.author_id end as author_id,
        conversations.author_email,
        conversations.author_name,
        conversations.created_at,
        conversations.updated_at,
        conversations.delivered_date
    from {{ ref('stg_intercom__conversations') }} as conversations
    {{ unnest_json('conversations.contacts', 'contact') }}
    union all
    select
        conversation_id,
        author_id as contact_id,
        0 as contact_no,
        cast(null as varchar) as external_id,
        author_id,
        author_email,
        author_name,
        created_at,
        updated_at,
        delivered_date
    from {{ ref('stg_intercom__conversations') }}
    where
        author_type in ('user', 'lead', 'contact')
        -- Staff who test the chat.
        and not coalesce({{ is_own_mailbox('author_email') }}, false)
)

select
    conversation_id,
    contact_id,
    contact_no,
    'intercom:contacts:' || contact_id as record_id,
    external_id,
    case when contact_id = author_id then author_email end as email,
    case when contact_id = author_id then author_name end as name,
    created_at,
    updated_at,
    delivered_date
from named
where contact_id is not null
