with versions as (
    {{ latest_by_key(source('olark', 'conversations'), ['conversation_id']) }}
)

select
    conversation_id,
    items,
    {{ clean_text('visitor_id') }} as visitor_id,
    {{ clean_name('visitor_name') }} as visitor_name,
    {{ clean_text('visitor_email') }} as visitor_email,
    {{ clean_text('visitor_phone') }} as visitor_phone,
    overall_rating,
    responsiveness_rating,
    knowledge_rating,
    friendliness_rating,
    _dt as delivered_date
from versions
