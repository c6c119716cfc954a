with versions as (
    {{ latest_by_key(source('tencent_meeting', 'registrations'), ['meeting_code', 'phone', 'email', 'name', 'registered_at']) }}
)

select
    meeting_code,
    {{ real_name('name') }} as name,
    {{ plain_number('phone') }} as phone,
    lower({{ clean_text('email') }}) as email,
    {{ clean_text('organisation') }} as organisation,
    registered_at,
    status,
    _dt as delivered_date
from versions
