-- A profile seen through another account holds few keys; what an earlier delivery told stays.
with versions as (
    {{ latest_by_key(source('weibo', 'users'), ['user_id'], keep=['screen_name', 'domain', 'remark', 'location', 'gender', 'followers', 'verified_type', 'registered_at']) }}
)

select
    user_id,
    coalesce(screen_name, _kept_screen_name) as screen_name,
    coalesce(domain, _kept_domain) as domain,
    coalesce(remark, _kept_remark) as remark,
    coalesce(location, _kept_location) as location,
    coalesce(gender, _kept_gender) as gender,
    coalesce(followers, _kept_followers) as followers,
    coalesce(verified_type, _kept_verified_type) as verified_type,
    coalesce(registered_at, _kept_registered_at) as registered_at,
    _dt as delivered_date
from versions
