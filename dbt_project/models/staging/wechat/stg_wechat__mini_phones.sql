with versions as (
    {{ latest_by_key(source('wechat', 'mini_phones'), ['appid', 'openid'], updated_at='bound_at') }}
)

select
    trim(appid) as appid,
    trim(openid) as openid,
    trim(unionid) as unionid,
    pure_phone,
    country_code,
    bound_at,
    _dt as delivered_date
from versions
