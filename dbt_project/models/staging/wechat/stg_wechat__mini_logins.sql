-- Every log-in: the object is an upsert per user, but each of its versions is a visit. A collector that adds no time
-- leaves the day of delivery.
with logins as (
    {{ first_by_key(source('wechat', 'mini_sessions'), ['appid', 'openid', 'coalesce(logged_in_at, cast(_dt as timestamp))']) }}
)

select
    trim(appid) as appid,
    trim(openid) as openid,
    nullif(trim(unionid), '') as unionid,
    coalesce(logged_in_at, cast(_dt as timestamp)) as logged_in_at,
    _dt as delivered_date
from logins
