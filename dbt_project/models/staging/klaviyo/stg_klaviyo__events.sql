{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'appends': true}
) }}
with versions as (
    {{ first_by_key(source('klaviyo', 'events'), ['event_id'], appended_to=last_appended()) }}
)

select
    trim(event_id) as event_id,
    coalesce(occurred_at, occurred_text_at) as occurred_at,
    trim(klaviyo_id) as klaviyo_id,
    trim(metric_id) as metric_id,
    case when record_type <> 'event' then trim(record_type) end as metric_name,
    campaign_id,
    flow_id,
    campaign_name,
    properties,
    _dt as delivered_date
from versions
