with versions as (
    {{ first_by_key(source('wechat', 'kf_records'), ['openid', 'occurred_at', 'opercode', 'content']) }}
)

select
    appid,
    trim(openid) as openid,
    trim(worker) as worker,
    opercode,
    occurred_at,
    content,
    _dt as delivered_date
from versions
