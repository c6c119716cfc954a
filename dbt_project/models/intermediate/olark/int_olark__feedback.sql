select
    'olark:' || ratings.conversation_id as feedback_id,
    'olark' as source,
    conversations.record_id,
    'overall_chat' as survey_type,
    ratings.overall_rating as score,
    cast(null as varchar) as comment,
    conversations.ended_at as occurred_at,
    cast(null as varchar) as order_reference,
    conversations.conversation_id as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_olark__conversations') }} as ratings
inner join {{ ref('int_olark__conversations') }} as conversations on 'olark:' || ratings.conversation_id = conversations.conversation_id
where ratings.overall_rating is not null
