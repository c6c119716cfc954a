{{ config(materialized='table') }}
select
    review_id,
    appid,
    openid,
    {{ keyed_hash(["coalesce(appid, '')", 'openid']) }} as native_id,
    'wechat_reviews:users:' || {{ keyed_hash(["coalesce(appid, '')", 'openid']) }} as record_id,
    nickname as name,
    created_at,
    created_at as updated_at,
    delivered_date
from {{ ref('stg_wechat_reviews__reviews') }}
where openid is not null
