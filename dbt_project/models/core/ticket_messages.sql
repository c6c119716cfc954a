select
    message_id,
    ticket_id,
    record_id,
    case when is_inbound then 'inbound' else 'outbound' end as direction,
    body,
    occurred_at
from {{ ref('int_messages_unioned') }}
