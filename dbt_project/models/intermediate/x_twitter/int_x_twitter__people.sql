{{ config(materialized='table') }}
-- One row per account that wrote, was written to or was looked up; the brand's own are nobody.
with mentions as (
    select
        user_id,
        username,
        name,
        location,
        created_at as occurred_at,
        delivered_date,
        2 as preference
    from {{ ref('stg_x_twitter__users') }}
    union all
    select
        user_id,
        case when user_id = author_id then username end as username,
        case when user_id = author_id then name end as name,
        cast(null as varchar) as location,
        posted_at as occurred_at,
        delivered_date,
        1 as preference
    from {{ ref('int_x_twitter__talk') }}
    union all
    select
        user_id,
        cast(null as varchar) as username,
        cast(null as varchar) as name,
        cast(null as varchar) as location,
        created_at as occurred_at,
        delivered_date,
        1 as preference
    from {{ ref('int_x_twitter__direct_messages') }}
)

select
    user_id,
    {{ keyed_hash(['user_id']) }} as native_id,
    'x_twitter:users:' || {{ keyed_hash(['user_id']) }} as record_id,
    {{ latest_value('lower(username)', ['preference', 'occurred_at']) }} as username,
    {{ latest_value('name', ['preference', 'occurred_at']) }} as full_name,
    min(occurred_at) as created_at,
    max(occurred_at) as updated_at,
    max(delivered_date) as delivered_date
from mentions
where
    user_id is not null
    and not {{ is_x_brand('user_id') }}
group by user_id
