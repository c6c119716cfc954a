{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.interaction_id = remade.interaction_id and not remade.is_added', ref('int_interactions_changed')) }}"
) }}
-- Every interaction up to the as-of with the profile it belongs to, if one is known.
-- depends_on: {{ ref('int_interactions_changed') }}
{% if by_change() %}
select * exclude (is_added)
from {{ ref('int_interactions_changed') }}
where is_added
{% else %}
{{ interactions_profiled(ref('interactions')) }}
{% endif %}
