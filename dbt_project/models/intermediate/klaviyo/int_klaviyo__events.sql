{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'appends': true}
) }}
-- Events with the meaning of their metric; a metric that the seed does not know keeps its own name and is no touch. What
-- a privacy proxy opened or a scanner clicked is marked and is no touch either.
with events as (
    select
        *,
        coalesce(lower({{ json_text('properties', '$."Apple Privacy Open"') }}) in ('true', '1'), false)
        or coalesce(lower({{ json_text('properties', '$."Bot Click"') }}) in ('true', '1'), false) as is_machine
    from {{ ref('stg_klaviyo__events') }}
    {%- set last = last_appended() %}
    {%- if last %}
    where delivered_date > date '{{ last }}'
    {%- endif %}
)

select
    events.event_id,
    'klaviyo:profiles:' || events.klaviyo_id as record_id,
    events.occurred_at,
    coalesce(
        {{ json_text('events.properties', '$."Campaign Name"') }},
        events.campaign_name,
        events.campaign_id,
        {{ json_text('events.properties', '$."$message"') }},
        {{ json_text('events.properties', '$."$flow"') }},
        events.flow_id
    ) as campaign_id,
    coalesce({{ json_text('events.properties', '$."Campaign Name"') }}, events.campaign_name) as campaign_name,
    {{ json_text('events.properties', '$.experiment_id') }} as experiment_id,
    {{ json_text('events.properties', '$.variant') }} as variant,
    case when not events.is_machine then known.touch_type end as touch_type,
    coalesce(known.interaction_type, {{ snake_case('coalesce(metrics.name, events.metric_name)') }}, 'email_platform_event')
    || case when events.is_machine then '_by_machine' else '' end as interaction_type,
    coalesce(known.direction, 'inbound') as direction,
    coalesce(known.touchpoint, 'marketing_email') as touchpoint,
    events.delivered_date
from events
left join {{ ref('stg_klaviyo__metrics') }} as metrics on events.metric_id = metrics.metric_id
left join {{ ref('klaviyo_metrics') }} as known on coalesce(metrics.name, events.metric_name) = known.metric_name
