select
    'wechat:' || object || ':' || native_id as message_id,
    ticket_id,
    record_id,
    is_inbound,
    body,
    occurred_at
from {{ ref('int_wechat__service_messages') }}
where
    is_inbound is not null
    and body is not null
