-- Following an official account is the permission to be messaged there.
select
    record_id,
    'social' as channel,
    case when is_subscribed then 'granted' else 'denied' end as state,
    case when is_subscribed then created_at else updated_at end as occurred_at,
    'wechat' as source
from {{ ref('int_wechat__mp_users') }}
