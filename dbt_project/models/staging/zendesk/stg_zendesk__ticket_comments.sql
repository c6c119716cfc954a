with versions as (
    {{ first_by_key(source('zendesk', 'ticket_comments'), ['comment_id']) }}
)

select
    trim(comment_id) as comment_id,
    trim(ticket_id) as ticket_id,
    trim(author_id) as author_id,
    is_public,
    body,
    via_channel,
    created_at,
    _dt as delivered_date
from versions
