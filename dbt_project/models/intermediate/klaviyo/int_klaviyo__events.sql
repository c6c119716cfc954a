-- Events with the meaning of their metric; a metric that the seed does not know keeps its own name and is no touch.
select
    events.event_id,
    'klaviyo:profiles:' || events.klaviyo_id as record_id,
    events.occurred_at,
    coalesce(
        {{ json_text('events.properties', '$."Campaign Name"') }},
        {{ json_text('events.properties', '$."$message"') }},
        {{ json_text('events.properties', '$."$flow"') }}
    ) as campaign_id,
    {{ json_text('events.properties', '$."Campaign Name"') }} as campaign_name,
    {{ json_text('events.properties', '$.experiment_id') }} as experiment_id,
    {{ json_text('events.properties', '$.variant') }} as variant,
    known.touch_type,
    coalesce(known.interaction_type, {{ snake_case('metrics.name') }}, 'email_platform_event') as interaction_type,
    coalesce(known.direction, 'inbound') as direction,
    coalesce(known.touchpoint, 'marketing_email') as touchpoint
from {{ ref('stg_klaviyo__events') }} as events
left join {{ ref('stg_klaviyo__metrics') }} as metrics on events.metric_id = metrics.metric_id
left join {{ ref('klaviyo_metrics') }} as known on metrics.name = known.metric_name
