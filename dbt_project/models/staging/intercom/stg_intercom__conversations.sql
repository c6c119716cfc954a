with versions as (
    {{ latest_by_key(source('intercom', 'conversations'), ['conversation_id'], updated_at='updated_at') }}
)

select
    conversation_id,
    contacts,
    lower(source_type) as source_type,
    lower(delivered_as) as delivered_as,
    {{ html_text('body') }} as body,
    {{ html_text('subject') }} as subject,
    lower(author_type) as author_type,
    author_id,
    {{ clean_name('author_name') }} as author_name,
    {{ clean_text('author_email') }} as author_email,
    parts,
    lower(state) as state,
    priority,
    coalesce(is_ai_participating, false) as is_ai_participating,
    lower(ai_resolution) as ai_resolution,
    ai_rating,
    ai_rating_remark,
    rating,
    rating_remark,
    rated_at,
    business_seconds_to_reply,
    business_seconds_to_close,
    first_contact_reply_at,
    first_admin_reply_at,
    last_closed_at,
    reopens,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
