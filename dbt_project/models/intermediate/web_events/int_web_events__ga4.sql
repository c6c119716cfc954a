{{ config(materialized='table') }}
-- Events with the person, device and session behind them. `user_engagement` is GA4's heartbeat; the property's own
-- people and debug devices are marked by the property and are no customers.
with events as (
    select
        *,
        {{ known_user_id('user_id') }} as known_user_id,
        {{ snake_case('event_name') }} as event_type
    from {{ ref('stg_web_events__ga4') }}
    where
        event_name <> 'user_engagement'
        and not is_internal
)

select
    events.event_key,
    'ga4:' || events.user_pseudo_id as anonymous_id,
    events.user_pseudo_id as device,
    events.known_user_id,
    events.known_user_id like '%@%' as is_user_id_email,
    case
        when events.known_user_id is null then null
        when events.known_user_id like '%@%' then 'web_events:users:' || {{ keyed_hash(['lower(events.known_user_id)']) }}
        else 'web_events:users:' || events.known_user_id
    end as record_id,
    coalesce(types.interaction_type, events.event_type, 'event') as interaction_type,
    coalesce(events.platform in ('IOS', 'ANDROID'), false) as is_app,
    {{ regexp_group('events.page_url', '^[a-z]+://[^/?#]+([^?#]*)', 1) }} as page_path,
    events.page_url,
    events.referrer,
    {{ clean_campaign('events.campaign_name') }} as campaign_name,
    {{ clean_campaign('events.campaign_source') }} as campaign_source,
    {{ clean_campaign('events.campaign_medium') }} as campaign_medium,
    {{ clean_campaign('events.gclid') }} as gclid,
    case when {{ json_text('events.items', '$[1]') }} is null
        then {{ clean_campaign(json_text('events.items', '$[0].item_id')) }} end as product_id,
    {{ clean_campaign('events.transaction_id') }} as order_id,
    events.search_term as query,
    events.experiment_id,
    events.variant,
    events.device_type,
    {{ known_device_id('events.advertising_id') }} as advertising_id,
    {{ known_device_id('events.vendor_id') }} as vendor_id,
    events.locale,
    -- GA4 counts sessions per device.
    'ga4:' || events.user_pseudo_id || ':' || events.session_id as session_id,
    lower(events.ads_storage) as ads_storage,
    lower(events.analytics_storage) as analytics_storage,
    events.occurred_at,
    events.delivered_date
from events
left join {{ ref('web_event_types') }} as types on events.event_type = types.event_name
