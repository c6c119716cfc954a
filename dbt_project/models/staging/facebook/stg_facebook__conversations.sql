with versions as (
    {{ latest_by_key(source('facebook', 'conversations'), ['conversation_id'], updated_at='updated_at') }}
)

select
    conversation_id,
    message_count,
    unread_count,
    participants,
    updated_at,
    _dt as delivered_date
from versions
