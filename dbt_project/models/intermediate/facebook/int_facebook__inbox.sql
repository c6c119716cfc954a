{{ config(materialized='table') }}
-- Inbox messages with the customer's side: the page is never the customer.
with exported as (
    select *
    from {{ ref('stg_facebook__messages') }}
)

select
    messages.message_id,
    '{{ var("facebook_page_id") }}' as page_id,
    messages.occurred_at,
    messages.delivered_date,
    messages.from_id <> '{{ var("facebook_page_id") }}' as is_inbound,
    case
        when messages.from_id <> '{{ var("facebook_page_id") }}' then messages.from_id
        else {{ json_text('messages.recipients', '$[0].id') }}
    end as psid,
    case
        when messages.from_id <> '{{ var("facebook_page_id") }}' then messages.from_name
        else {{ clean_name(json_text('messages.recipients', '$[0].name')) }}
    end as name
from exported as messages
union all
-- A message may come by export and by webhook.
select
    message_id,
    page_id,
    occurred_at,
    delivered_date,
    not is_echo and sender_id <> page_id as is_inbound,
    case when is_echo or sender_id = page_id then recipient_id else sender_id end as psid,
    cast(null as varchar) as name
from {{ ref('stg_facebook__message_webhooks') }}
where message_id not in (select message_id from exported)
