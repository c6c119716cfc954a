{{ config(materialized='table') }}
-- Events with the person, device and session behind them. Heartbeats and robots are nobody's interactions.
with events as (
    select
        *,
        {{ known_user_id('user_id') }} as known_user_id,
        coalesce(
            {{ known_user_id('domain_userid') }},
            {{ known_user_id(json_text('client_session', '$[0].userId')) }}
        ) as device,
        {{ snake_case("coalesce(" ~ json_text('commerce_action', '$.type') ~ ", case when event = 'struct' then se_action end, event_name)") }}
            as event_type
    from {{ ref('stg_web_events__snowplow') }}
    where
        event <> 'page_ping'
        and not is_robot
)

select
    events.event_id || coalesce('.' || events.event_fingerprint, '') as event_key,
    'snowplow:' || events.device as anonymous_id,
    events.device,
    events.known_user_id,
    events.known_user_id like '%@%' as is_user_id_email,
    case
        when events.known_user_id is null then null
        when events.known_user_id like '%@%' then 'web_events:users:' || {{ keyed_hash(['lower(events.known_user_id)']) }}
        else 'web_events:users:' || events.known_user_id
    end as record_id,
    coalesce(types.interaction_type, events.event_type, 'event') as interaction_type,
    events.platform = 'mob' as is_app,
    coalesce(events.page_path, {{ regexp_group('events.page_url', '^[a-z]+://[^/?#]+([^?#]*)', 1) }}) as page_path,
    events.page_url,
    events.referrer,
    {{ clean_campaign('events.mkt_campaign') }} as campaign_name,
    {{ clean_campaign('events.mkt_source') }} as campaign_source,
    {{ clean_campaign('events.mkt_medium') }} as campaign_medium,
    -- The shared ids of privacy-safe clicks (gbraid, wbraid) are no click ids.
    case
        when lower(events.mkt_network) like 'google%' and not {{ regexp_like("coalesce(events.page_url, '')", '[?&][gw]braid=') }}
            then events.mkt_clickid
    end as gclid,
    coalesce(
        events.ti_sku,
        {{ json_text('events.cart_event', '$.sku') }},
        case when {{ json_text('events.commerce_products', '$[1]') }} is null
            then {{ json_text('events.commerce_products', '$[0].id') }} end
    ) as product_id,
    events.tr_orderid as order_id,
    {{ json_text('events.site_search', '$.terms[0]') }} as query,
    events.se_category as category,
    events.device_type,
    {{ known_device_id(json_text('events.mobile_context', '$[0].appleIdfa')) }} as apple_idfa,
    {{ known_device_id(json_text('events.mobile_context', '$[0].androidIdfa')) }} as android_idfa,
    {{ known_device_id(json_text('events.mobile_context', '$[0].appleIdfv')) }} as apple_idfv,
    events.locale,
    coalesce(events.domain_sessionid, {{ json_text('events.client_session', '$[0].sessionId') }}) as session_id,
    lower(coalesce({{ json_text('events.consent', '$.eventType') }}, {{ json_text('events.consent', '$.event_type') }})) as consent_answer,
    lower(coalesce({{ json_text('events.consent', '$.consentScopes') }}, {{ json_text('events.consent', '$.consent_scopes') }})) as consent_scopes,
    events.occurred_at,
    events.delivered_date
from events
left join {{ ref('web_event_types') }} as types on events.event_type = types.event_name
