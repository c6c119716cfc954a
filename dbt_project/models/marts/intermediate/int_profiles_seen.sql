{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_seen_changed')) }}"
) }}
-- When a profile was first and last in touch; one row per profile with an interaction.
-- depends_on: {{ ref('int_seen_changed') }}
select
    profile_id,
    min(occurred_at) as first_seen_at,
    max(occurred_at) as last_seen_at
from {{ ref('int_interactions_profiled') }}
where
    profile_id is not null
    {% if by_change() -%}
    and profile_id in (select changed.profile_id from {{ ref('int_seen_changed') }} as changed)
    {%- endif %}
group by profile_id
