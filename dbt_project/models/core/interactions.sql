{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table',
    incremental_strategy='differing',
    on_schema_change='fail',
    meta={'by_source': 'int_interactions_unioned'},
    pre_hook="{{ follow_records(ref('int_interactions_unioned')) }}",
    post_hook="{{ drop_record_ids() }}"
) }}
select
    interactions.interaction_id,
    records.record_id,
    interactions.anonymous_id,
    interactions.source,
    touchpoints.channel,
    interactions.touchpoint,
    interactions.direction,
    interactions.interaction_type,
    interactions.occurred_at,
    interactions.amount,
    interactions.currency,
    interactions.product_id,
    interactions.campaign_id,
    interactions.experiment_id,
    interactions.variant,
    interactions.properties
from {{ ref('int_interactions_unioned') }} as interactions
left join {{ ref('touchpoints') }} as touchpoints on interactions.touchpoint = touchpoints.touchpoint
left join {{ ref('customer_records') }} as records on interactions.record_id = records.record_id
{%- if told_parts() %}
where {{ of_told_parts('interactions') }}
{%- endif %}
