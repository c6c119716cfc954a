with versions as (
    {{ latest_by_key(source('wechat', 'wecom_contacts'), ['external_userid']) }}
)

select
    trim(external_userid) as external_userid,
    {{ clean_name('name') }} as name,
    contact_type,
    gender,
    trim(unionid) as unionid,
    corp_name,
    follow_user,
    follow_info,
    _dt as delivered_date
from versions
