with ratings as (
    select
        chat_id,
        'chats' as object,
        rating,
        rating_comment,
        coalesce(ended_at, started_at) as occurred_at
    from {{ ref('stg_zendesk_chat__chats') }}
    where rating in ('good', 'bad')
    union all
    select
        chat_id,
        'messaging_events' as object,
        {{ latest_value("coalesce(status, lower(body))", ['occurred_at', 'event_no']) }} as rating,
        cast(null as varchar) as rating_comment,
        max(occurred_at) as occurred_at
    from {{ ref('stg_zendesk_chat__messaging_events') }}
    where
        event_type = 'ChatRating'
        and coalesce(status, lower(body)) in ('good', 'bad')
    group by chat_id
)

select
    'zendesk_chat:' || ratings.chat_id as feedback_id,
    'zendesk_chat' as source,
    conversations.record_id,
    'csat' as survey_type,
    case when ratings.rating = 'good' then 1 else 0 end as score,
    ratings.rating_comment as comment,
    ratings.occurred_at,
    cast(null as varchar) as order_reference,
    coalesce(conversations.ticket_id, conversations.conversation_id) as ticket_id,
    cast(null as varchar) as product_id
from ratings
inner join {{ ref('int_zendesk_chat__conversations') }} as conversations
    on
        ratings.chat_id = conversations.native_id
        and ratings.object = conversations.object
