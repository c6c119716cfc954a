{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.record_id = remade.record_id', ref('int_live_members_changed')) }}"
) }}
-- depends_on: {{ ref('int_live_members_changed') }}
select
    members.record_id,
    members.profile_id,
    members.since,
    split_part(members.record_id, ':', 1) as source
from {{ ref('stg_identity__profile_members') }} as members
where
    members.profile_id in (select live.profile_id from {{ ref('int_records_profiled') }} as live)
    {%- if by_change() %}
    and members.record_id in (select changed.record_id from {{ ref('int_live_members_changed') }} as changed)
    {%- endif %}
