with versions as (
    {{ first_by_key(source('appsflyer', 'events'), ['appsflyer_id', 'event_name', 'occurred_at', 'event_value']) }}
)

select
    left({{ hex_digest("concat_ws('|', appsflyer_id, event_name, cast(occurred_at as varchar), coalesce(event_value, ''))") }}, 24)
        as event_key,
    trim(appsflyer_id) as appsflyer_id,
    {{ known_user_id('customer_user_id') }} as customer_user_id,
    {{ snake_case('event_name') }} as event_name,
    event_value,
    occurred_at,
    installed_at,
    touched_at,
    lower(touch_type) as touch_type,
    {{ clean_campaign('media_source') }} as media_source,
    {{ clean_campaign('campaign_name') }} as campaign_name,
    campaign_id,
    coalesce(is_retargeting, false) as is_retargeting,
    {{ known_device_id('idfa') }} as idfa,
    {{ known_device_id('idfv') }} as idfv,
    {{ known_device_id('advertising_id') }} as advertising_id,
    {{ known_device_id('android_id') }} as android_id,
    {{ known_device_id('oaid') }} as oaid,
    platform,
    _dt as delivered_date
from versions
