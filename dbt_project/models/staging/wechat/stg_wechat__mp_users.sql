{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['appid', 'openid']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
-- After an unfollow only openid and unionid are delivered; the earlier profile values stay.
with versions as (
    {{ latest_by_key(source('wechat', 'mp_users'), ['appid', 'openid'], keep=['nickname', 'sex', 'locality', 'region', 'country', 'language', 'remark', 'unionid', 'subscribed_at', 'subscribe_scene', 'qr_scene', 'qr_scene_str'], changed_since=last_appended()) }}
)

select
    trim(appid) as appid,
    trim(openid) as openid,
    trim(coalesce(unionid, _kept_unionid)) as unionid,
    is_subscribed,
    coalesce(subscribed_at, _kept_subscribed_at) as subscribed_at,
    coalesce(nickname, _kept_nickname) as nickname,
    coalesce(sex, _kept_sex) as sex,
    coalesce(locality, _kept_locality) as locality,
    coalesce(region, _kept_region) as region,
    coalesce(country, _kept_country) as country,
    coalesce(language, _kept_language) as language,
    coalesce(remark, _kept_remark) as remark,
    coalesce(subscribe_scene, _kept_subscribe_scene) as subscribe_scene,
    -- A code has a text or a number; the number 0 is none.
    coalesce(qr_scene_str, _kept_qr_scene_str, nullif(coalesce(qr_scene, _kept_qr_scene), '0')) as qr_scene_str,
    _dt as delivered_date
from versions
