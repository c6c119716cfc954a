with versions as (
    {{ first_by_key(source('wechat', 'mp_events'), ['appid', 'openid', 'occurred_at', 'event', 'event_key', 'msg_id']) }}
)

select
    trim(appid) as appid,
    trim(openid) as openid,
    occurred_at,
    msg_type,
    trim(msg_id) as msg_id,
    content,
    trim(event) as event,
    trim(event_key) as event_key,
    subscriptions,
    _dt as delivered_date
from versions
