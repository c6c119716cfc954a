with versions as (
    {{ latest_by_key(source('x_twitter', 'posts'), ['post_id'], keep=['author_id', 'created_at', 'content']) }}
)

select
    post_id,
    coalesce(author_id, _kept_author_id) as author_id,
    coalesce(created_at, _kept_created_at, {{ snowflake_time('post_id') }}) as created_at,
    {{ unescaped('coalesce(content, _kept_content)') }} as content,
    conversation_id,
    in_reply_to_user_id,
    referenced,
    language,
    reposts,
    replies,
    likes,
    edit_history,
    _dt as delivered_date
from versions
