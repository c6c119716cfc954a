{{ config(materialized='table') }}
-- Posts once each, whichever interface brought them: what compliance lists is gone, an edited post is its newest version
-- under the id of its first.
with known as (
    select
        post_id,
        author_id,
        cast(null as varchar) as username,
        cast(null as varchar) as name,
        created_at,
        content,
        in_reply_to_user_id,
        case
            when referenced like '%"retweeted"%' then 'repost'
            when in_reply_to_user_id is not null or referenced like '%"replied_to"%' then 'reply'
            when referenced like '%"quoted"%' then 'quote'
            else 'mention'
        end as post_type,
        language,
        coalesce({{ json_text('edit_history', '$[0]') }}, post_id) as first_post_id,
        reposts,
        replies,
        likes,
        delivered_date
    from {{ ref('stg_x_twitter__posts') }}
    union all
    select
        post_id,
        author_id,
        username,
        name,
        created_at,
        content,
        in_reply_to_user_id,
        case
            when reposted_id is not null or content like 'RT @%' then 'repost'
            when in_reply_to_user_id is not null or in_reply_to_post_id is not null then 'reply'
            else 'mention'
        end as post_type,
        language,
        post_id as first_post_id,
        cast(null as bigint) as reposts,
        cast(null as bigint) as replies,
        cast(null as bigint) as likes,
        delivered_date
    from {{ ref('stg_x_twitter__legacy_posts') }}
    where post_id not in (select post_id from {{ ref('stg_x_twitter__posts') }})
),

versions as (
    select
        *,
        min(created_at) over (partition by first_post_id) as posted_at,
        row_number() over (partition by first_post_id order by length(post_id) desc, post_id desc) as version_no
    from known
    where
        post_id not in (select post_id from {{ ref('stg_x_twitter__compliance') }})
        and first_post_id not in (select post_id from {{ ref('stg_x_twitter__compliance') }})
)

select
    first_post_id as post_id,
    author_id,
    username,
    name,
    posted_at,
    content,
    in_reply_to_user_id,
    post_type,
    language,
    reposts,
    replies,
    likes,
    delivered_date,
    {{ is_x_brand('author_id') }} as is_brand,
    -- The customer of a brand's answer is whom it answers.
    case
        when not {{ is_x_brand('author_id') }} then author_id
        when not {{ is_x_brand('in_reply_to_user_id') }} then in_reply_to_user_id
    end as user_id
from versions
where version_no = 1
