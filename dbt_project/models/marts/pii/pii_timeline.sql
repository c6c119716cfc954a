{{ config(
    alias='timeline',
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=[
        "{{ remade('kept.interaction_id = remade.interaction_id and not remade.is_added', ref('int_interactions_changed')) }}",
        "{{ remade('kept.profile_id = remade.profile_id and remade.n is null', ref('int_records_changed')) }}"
    ]
) }}
-- depends_on: {{ ref('int_interactions_changed') }}
with interactions as (
    {% if by_change() -%}
    select added.* exclude (is_added)
    from {{ ref('int_interactions_changed') }} as added
    inner join {{ ref('int_records_changed') }} as live on added.profile_id = live.profile_id
    where added.is_added and live.n is not null and not live.is_new
    union all
    select known.*
    from {{ ref('int_interactions_profiled') }} as known
    inner join {{ ref('int_records_changed') }} as live on known.profile_id = live.profile_id
    where live.n is not null and live.is_new
    {%- else -%}
    select known.*
    from {{ ref('int_interactions_profiled') }} as known
    inner join {{ ref('int_records_changed') }} as live on known.profile_id = live.profile_id
    {%- endif %}
)

select
    profile_id,
    interaction_id,
    occurred_at,
    channel,
    touchpoint,
    interaction_type,
    direction,
    source,
    amount,
    currency,
    product_id,
    campaign_id
from interactions
