with versions as (
    {{ first_by_key(source('zendesk', 'deleted_tickets'), ['ticket_id', 'deleted_at']) }}
)

select
    trim(ticket_id) as ticket_id,
    deleted_at,
    _dt as delivered_date
from versions
