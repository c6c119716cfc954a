-- A comment whose author was deleted comes again without the author; who wrote it stays known.
with versions as (
    {{ latest_by_key(source('weibo', 'comments'), ['comment_id'], keep=['user_id', 'screen_name', 'gender', 'location', 'verified_type', 'post_id', 'post_author_id']) }}
)

select
    comment_id,
    occurred_at,
    {{ weibo_text('content') }} as content,
    {{ replace_pattern('client', '<[^>]*>', '') }} as client,
    coalesce(user_id, _kept_user_id) as user_id,
    coalesce(screen_name, _kept_screen_name) as screen_name,
    coalesce(gender, _kept_gender) as gender,
    coalesce(location, _kept_location) as location,
    coalesce(verified_type, _kept_verified_type) as verified_type,
    coalesce(post_id, _kept_post_id) as post_id,
    coalesce(post_author_id, _kept_post_author_id) as post_author_id,
    nullif(reply_to, '0') as reply_to,
    likes,
    _dt as delivered_date
from versions
