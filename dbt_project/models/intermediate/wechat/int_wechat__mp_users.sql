{{ config(materialized='table') }}
select
    *,
    {{ keyed_hash(['appid', 'openid']) }} as native_id,
    'wechat:mp_users:' || {{ keyed_hash(['appid', 'openid']) }} as record_id,
    -- The operator's remark may hold a real name; the nickname is the second best.
    coalesce({{ name_in_remark('remark') }}, {{ clean_name('nickname') }}) as full_name,
    coalesce(subscribed_at, cast(delivered_date as timestamp)) as created_at,
    cast(delivered_date as timestamp) as updated_at
from {{ ref('stg_wechat__mp_users') }}
