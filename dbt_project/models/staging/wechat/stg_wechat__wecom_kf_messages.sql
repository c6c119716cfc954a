with versions as (
    {{ first_by_key(source('wechat', 'wecom_kf_messages'), ['msgid']) }}
)

select
    trim(msgid) as msgid,
    trim(open_kfid) as open_kfid,
    trim(external_userid) as external_userid,
    occurred_at,
    origin,
    trim(servicer) as servicer,
    lower(trim(msg_type)) as msg_type,
    content,
    lower(trim(event_type)) as event_type,
    change_type,
    scene,
    _dt as delivered_date
from versions
