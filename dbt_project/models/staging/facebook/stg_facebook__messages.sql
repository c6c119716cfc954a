with versions as (
    {{ first_by_key(source('facebook', 'messages'), ['message_id']) }}
)

select
    trim(message_id) as message_id,
    occurred_at,
    trim(from_id) as from_id,
    from_name,
    from_email,
    recipients,
    content,
    _dt as delivered_date
from versions
