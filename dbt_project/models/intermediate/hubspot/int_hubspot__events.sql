{{ config(materialized='table') }}
-- Events with the record of their address. What a scanner or privacy proxy opened or clicked is marked and is no touch.
select
    events.event_id,
    addresses.record_id,
    events.campaign_id,
    coalesce(events.url, details.url) as url,
    coalesce(events.drop_reason, details.drop_reason, events.category, details.category) as detail,
    events.is_filtered,
    case when not events.is_filtered then types.touch_type end as touch_type,
    case when events.is_filtered then coalesce(types.interaction_type, 'email_platform_event') || '_by_machine'
        else coalesce(types.interaction_type, 'email_platform_event') end as interaction_type,
    coalesce(types.direction, 'inbound') as direction,
    events.occurred_at
from {{ ref('stg_hubspot__events') }} as events
left join {{ ref('stg_hubspot__event_details') }} as details on events.event_id = details.event_id
left join {{ ref('int_hubspot__addresses') }} as addresses on lower(events.recipient) = addresses.address
left join {{ ref('email_event_types') }} as types
    on
        types.source = 'hubspot'
        and types.event_type = case
            when events.event_type = 'STATUSCHANGE'
                then upper(coalesce(events.subscription_status, details.subscription_status))
            else events.event_type
        end
