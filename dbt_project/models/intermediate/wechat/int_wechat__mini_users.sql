{{ config(materialized='table') }}
-- One row per user of a mini program, from log-ins, bound phones and payments alike.
with mentions as (
    select
        appid,
        openid,
        unionid,
        cast(null as varchar) as phone,
        logged_in_at as seen_at,
        delivered_date
    from {{ ref('stg_wechat__mini_logins') }}
    union all
    select
        appid,
        openid,
        unionid,
        -- Chinese numbers come bare, foreign ones with the country code and no plus sign.
        case
            when pure_phone like '+%' then pure_phone
            else '+' || coalesce(nullif(regexp_replace(country_code, '^[+]', ''), ''), '86') || pure_phone
        end as phone,
        bound_at as seen_at,
        delivered_date
    from {{ ref('stg_wechat__mini_phones') }}
    union all
    select
        appid,
        openid,
        cast(null as varchar) as unionid,
        cast(null as varchar) as phone,
        paid_at as seen_at,
        delivered_date
    from {{ ref('stg_wechat__pay_orders') }}
),

users as (
    select
        appid,
        openid,
        {{ latest_value("nullif(unionid, '')", ['seen_at', "coalesce(unionid, '')"]) }} as unionid,
        {{ latest_value('phone', ['seen_at', "coalesce(phone, '')"]) }} as phone,
        min(seen_at) as created_at,
        max(seen_at) as updated_at,
        max(delivered_date) as delivered_date
    from mentions
    group by appid, openid
)

select
    *,
    {{ keyed_hash(['appid', 'openid']) }} as native_id,
    'wechat:mini_users:' || {{ keyed_hash(['appid', 'openid']) }} as record_id
from users
