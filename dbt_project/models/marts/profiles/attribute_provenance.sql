{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id and remade.is_changed', ref('int_records_changed')) }}"
) }}
-- depends_on: {{ ref('int_records_changed') }}
select
    profile_id,
    attribute,
    record_id,
    source,
    rule,
    n_candidates,
    n_agreeing
from {{ ref('int_survivorship_winners') }}
{% if by_change() -%}
where profile_id in (select changed.profile_id from {{ ref('int_records_changed') }} as changed where changed.is_changed)
{%- endif %}
