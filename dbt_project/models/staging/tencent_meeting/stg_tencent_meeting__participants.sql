with versions as (
    {{ latest_by_key(source('tencent_meeting', 'participants'), ['meeting_id', 'open_id', 'session_uuid', 'joined_at']) }}
)

select
    meeting_id,
    meeting_code,
    subject,
    nullif(userid, '') as userid,
    nullif(open_id, '') as open_id,
    session_uuid,
    {{ clean_name('name') }} as name,
    joined_at,
    left_at,
    user_role,
    member_role,
    nullif(customer_data, '') as customer_data,
    _dt as delivered_date
from versions
