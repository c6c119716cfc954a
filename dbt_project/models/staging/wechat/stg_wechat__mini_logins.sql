-- Every log-in: the object is an upsert per user, but each of its versions is a visit.
with logins as (
    {{ first_by_key(source('wechat', 'mini_sessions'), ['appid', 'openid', 'logged_in_at']) }}
)

select
    trim(appid) as appid,
    trim(openid) as openid,
    nullif(trim(unionid), '') as unionid,
    logged_in_at,
    _dt as delivered_date
from logins
