with versions as (
    {{ first_by_key(source('wechat', 'wecom_calls'), ['called_at', 'caller', 'callees']) }}
)

select
    called_at,
    duration_seconds,
    call_type,
    trim(caller) as caller,
    callees,
    _dt as delivered_date
from versions
