-- Unsubscribing stops surveys, nothing else.
select
    'delighted:people:' || person_id as record_id,
    'survey' as channel,
    'denied' as state,
    unsubscribed_at as occurred_at,
    'delighted' as source
from {{ ref('stg_delighted__unsubscribes') }}
