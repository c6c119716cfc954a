{{ config(materialized='table') }}
-- One row per person of Weibo, from profiles and from everything they wrote. Brand accounts and verified organisations
-- (types 1 to 7) are no customers.
with mentions as (
    select
        user_id,
        screen_name,
        domain,
        remark,
        location,
        gender,
        verified_type,
        cast(delivered_date as timestamp) as seen_at,
        delivered_date
    from {{ ref('stg_weibo__users') }}
    {% for posts in ['comments', 'mentions'] %}
    union all
    select
        user_id,
        screen_name,
        cast(null as varchar) as domain,
        cast(null as varchar) as remark,
        location,
        gender,
        verified_type,
        occurred_at as seen_at,
        delivered_date
    from {{ ref('stg_weibo__' ~ posts) }}
    {% endfor %}
    union all
    select
        user_id,
        cast(null as varchar) as screen_name,
        cast(null as varchar) as domain,
        cast(null as varchar) as remark,
        cast(null as varchar) as location,
        cast(null as varchar) as gender,
        cast(null as bigint) as verified_type,
        occurred_at as seen_at,
        delivered_date
    from {{ ref('int_weibo__dialogue') }}
),

people as (
    select
        user_id,
        {{ latest_value('screen_name', ['seen_at', 'screen_name']) }} as screen_name,
        {{ latest_value('domain', ['seen_at', 'domain']) }} as domain,
        {{ latest_value('remark', ['seen_at', 'remark']) }} as remark,
        {{ latest_value('location', ['seen_at', 'location']) }} as location,
        {{ latest_value('gender', ['seen_at', 'gender']) }} as gender,
        {{ latest_value('verified_type', ['seen_at', 'verified_type']) }} as verified_type,
        min(seen_at) as created_at,
        max(seen_at) as updated_at,
        max(delivered_date) as delivered_date
    from mentions
    where user_id is not null
    group by user_id
)

select
    user_id,
    domain,
    -- The note of the brand's account may hold a real name; the nickname is the second best.
    coalesce({{ name_in_remark('remark') }}, {{ clean_name('screen_name') }}) as full_name,
    case gender when 'm' then 'male' when 'f' then 'female' end as gender,
    {{ regexp_group('trim(location)', '^([^ ]+)', 1) }} as region,
    {{ regexp_group('trim(location)', '^[^ ]+ +([^ ]+)', 1) }} as locality,
    created_at,
    updated_at,
    delivered_date,
    {{ keyed_hash(['user_id']) }} as native_id,
    'weibo:users:' || {{ keyed_hash(['user_id']) }} as record_id
from people
where
    user_id not in {{ brand_accounts() }}
    and coalesce(verified_type, -1) not between 1 and 7
