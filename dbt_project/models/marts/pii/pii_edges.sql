{{ config(
    alias='edges',
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.record_id_l = remade.record_id_l', ref('int_edges_changed')) }}"
) }}
-- depends_on: {{ ref('int_edges_changed') }}
select
    members.profile_id,
    edges.record_id_l,
    edges.record_id_r,
    edges.match_weight,
    edges.match_probability,
    edges.kind,
    edges.rule,
    edges.model_version
from {{ ref('stg_identity__edges') }} as edges
inner join {{ ref('profile_members') }} as members on edges.record_id_l = members.record_id
{%- if by_change() %}
where edges.record_id_l in (select changed.record_id_l from {{ ref('int_edges_changed') }} as changed)
{%- endif %}
