-- Inbox messages with the customer's side: the page is never the customer.
select
    messages.message_id,
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
from {{ ref('stg_facebook__messages') }} as messages
