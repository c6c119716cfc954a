{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'appends': true}
) }}
-- Calls and events of every tracker in one shape. A device id carries its tracker in front, but for Segment's, whose
-- plain form the shop and the mailing tool also write. It is added to only while the other trackers stand unchanged.
{%- set last = last_appended("tracker = 'segment'") %}
with segment_calls as (
    select
        *,
        case
            when call_type = 'identify' then 'login'
            when call_type in ('page', 'screen') then call_type || '_viewed'
            else coalesce({{ snake_case('event') }}, 'event')
        end as interaction_type
    from {{ ref('int_web_events__calls') }}
    {%- if last %}
    where delivered_date > date '{{ last }}'
    {%- endif %}
)

select
    'segment' as tracker,
    message_id as event_key,
    anonymous_id,
    anonymous_id as device,
    'web' as device_namespace,
    record_id,
    call_type,
    interaction_type,
    call_type = 'screen' or lower(device_type) in ('ios', 'android') as is_app,
    page_path,
    page_url,
    campaign_name,
    campaign_source,
    campaign_medium,
    cast(null as varchar) as gclid,
    coalesce({{ json_text('properties', '$.sku') }}, {{ json_text('properties', '$.product_id') }}) as product_id,
    {{ json_text('properties', '$.order_id') }} as order_id,
    {{ json_text('properties', '$.query') }} as query,
    {{ json_text('properties', '$.category') }} as category,
    coalesce(
        {{ json_text('properties', '$.experiment_id') }}, {{ json_text('properties', '$.experiment_name') }}
    ) as experiment_id,
    coalesce(
        {{ json_text('properties', '$.variation_id') }},
        {{ json_text('properties', '$.variation_name') }},
        {{ json_text('properties', '$.variant') }}
    ) as variant,
    device_type,
    cast(null as varchar) as session_id,
    occurred_at,
    delivered_date
from segment_calls
union all
select
    'snowplow' as tracker,
    event_key,
    anonymous_id,
    device,
    'snowplow' as device_namespace,
    record_id,
    'event' as call_type,
    interaction_type,
    is_app,
    page_path,
    page_url,
    campaign_name,
    campaign_source,
    campaign_medium,
    gclid,
    product_id,
    order_id,
    query,
    category,
    cast(null as varchar) as experiment_id,
    cast(null as varchar) as variant,
    device_type,
    session_id,
    occurred_at,
    delivered_date
from {{ ref('int_web_events__snowplow') }}
{{ "where false" if last }}
union all
select
    'ga4' as tracker,
    event_key,
    anonymous_id,
    device,
    'ga4' as device_namespace,
    record_id,
    'event' as call_type,
    interaction_type,
    is_app,
    page_path,
    page_url,
    campaign_name,
    campaign_source,
    campaign_medium,
    gclid,
    product_id,
    order_id,
    query,
    cast(null as varchar) as category,
    experiment_id,
    variant,
    device_type,
    session_id,
    occurred_at,
    delivered_date
from {{ ref('int_web_events__ga4') }}
{{ "where false" if last }}
