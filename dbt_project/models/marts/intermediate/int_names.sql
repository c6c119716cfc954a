{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.record_id = remade.record_id', ref('int_names_changed')) }}"
) }}
-- Names of all records as identity compares them, and as this build saw them, for the next one to compare with.
-- depends_on: {{ ref('int_names_changed') }}
select *
from {{ ref('stg_identity__names') }}
{%- if by_change() %}
where record_id in (select changed.record_id from {{ ref('int_names_changed') }} as changed)
{%- endif %}
