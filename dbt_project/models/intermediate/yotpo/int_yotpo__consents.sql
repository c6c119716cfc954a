select
    record_id,
    'email' as channel,
    'denied' as state,
    unsubscribed_at as occurred_at,
    'yotpo' as source
from {{ ref('int_yotpo__requests') }}
where
    unsubscribed_at is not null
    and record_id is not null
