{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.record_id = remade.record_id', ref('int_members_changed')) }}"
) }}
-- The profile of every record as this build saw it, for the next one to compare with.
-- depends_on: {{ ref('int_members_changed') }}
select *
from {{ ref('stg_identity__profile_members') }}
{%- if by_change() %}
where record_id in (select changed.record_id from {{ ref('int_members_changed') }} as changed)
{%- endif %}
