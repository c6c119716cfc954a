with versions as (
    {{ latest_by_key(source('x_twitter', 'legacy_posts'), ['post_id']) }}
)

select
    post_id,
    author_id,
    username,
    {{ clean_name('name') }} as name,
    coalesce(created_at, {{ snowflake_time('post_id') }}) as created_at,
    {{ unescaped('content') }} as content,
    in_reply_to_post_id,
    in_reply_to_user_id,
    reposted_id,
    language,
    _dt as delivered_date
from versions
