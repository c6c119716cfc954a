with versions as (
    {{ latest_by_key(source('weibo', 'mentions'), ['post_id'], keep=['user_id', 'screen_name', 'gender', 'location', 'verified_type']) }}
)

select
    post_id,
    occurred_at,
    {{ weibo_text('content') }} as content,
    coalesce(is_truncated, false) as is_truncated,
    coalesce(user_id, _kept_user_id) as user_id,
    coalesce(screen_name, _kept_screen_name) as screen_name,
    coalesce(gender, _kept_gender) as gender,
    coalesce(location, _kept_location) as location,
    coalesce(verified_type, _kept_verified_type) as verified_type,
    reposts,
    comments,
    likes,
    reposted_id,
    _dt as delivered_date
from versions
