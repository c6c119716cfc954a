with versions as (
    {{ first_by_key(source('weibo', 'messages'), ['sender_id', 'receiver_id', 'occurred_at', 'message_type', 'content', 'data']) }}
)

select
    lower(message_type) as message_type,
    sender_id,
    receiver_id,
    occurred_at,
    nullif(trim(content), '') as content,
    lower({{ json_text('data', '$.subtype') }}) as event_type,
    coalesce(data, '') as data_text,
    _dt as delivered_date
from versions
