select
    record_id,
    'live_chat_events' as source,
    'users' as object,
    substr(record_id, length('live_chat_events:users:') + 1) as native_id,
    {{ record_columns({'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from (
    select
        record_id,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at,
        max(delivered_date) as delivered_date
    from {{ ref('int_live_chat_events__calls') }}
    where record_id is not null
    group by record_id
) as users
