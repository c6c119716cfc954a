with versions as (
    {{ latest_by_key(source('x_twitter', 'users'), ['user_id'], keep=['username', 'name', 'location', 'created_at']) }}
)

select
    user_id,
    coalesce(username, _kept_username) as username,
    {{ clean_name('coalesce(name, _kept_name)') }} as name,
    {{ clean_text('coalesce(location, _kept_location)') }} as location,
    is_verified,
    followers,
    coalesce(created_at, _kept_created_at) as created_at,
    _dt as delivered_date
from versions
