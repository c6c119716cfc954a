-- The bot's rating is not that of a person.
select
    'intercom:' || conversations.conversation_id as feedback_id,
    'intercom' as source,
    talks.record_id,
    'csat' as survey_type,
    conversations.rating as score,
    conversations.rating_remark as comment,
    coalesce(conversations.rated_at, conversations.updated_at) as occurred_at,
    cast(null as varchar) as order_reference,
    talks.conversation_id as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_intercom__conversations') }} as conversations
inner join {{ ref('int_intercom__conversations') }} as talks on 'intercom:' || conversations.conversation_id = talks.conversation_id
where conversations.rating is not null
union all
select
    'intercom:' || conversations.conversation_id || ':bot' as feedback_id,
    'intercom' as source,
    talks.record_id,
    'bot_rating' as survey_type,
    conversations.ai_rating as score,
    conversations.ai_rating_remark as comment,
    conversations.updated_at as occurred_at,
    cast(null as varchar) as order_reference,
    talks.conversation_id as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_intercom__conversations') }} as conversations
inner join {{ ref('int_intercom__conversations') }} as talks on 'intercom:' || conversations.conversation_id = talks.conversation_id
where conversations.ai_rating is not null
