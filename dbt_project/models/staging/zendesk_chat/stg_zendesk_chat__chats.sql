with versions as (
    {{ latest_by_key(source('zendesk_chat', 'chats'), ['chat_id']) }}
)

select
    chat_id,
    lower(chat_type) as chat_type,
    -- Exports write the id with a dot or with a dash.
    replace({{ clean_text('visitor_id') }}, '-', '.') as visitor_id,
    {{ clean_name('visitor_name') }} as visitor_name,
    visitor_name as display_name,
    {{ clean_text('visitor_email') }} as visitor_email,
    {{ clean_text('visitor_phone') }} as visitor_phone,
    ticket_id,
    started_at,
    ended_at,
    duration_seconds,
    lower(started_by) as started_by,
    is_missed,
    agent_names,
    department,
    first_response_seconds,
    visitor_count,
    agent_count,
    lower(rating) as rating,
    rating_comment,
    message,
    country_code,
    history,
    _dt as delivered_date
from versions
