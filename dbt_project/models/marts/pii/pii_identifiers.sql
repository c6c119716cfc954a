{{ config(
    alias='identifiers',
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.record_id = remade.record_id', ref('int_identifiers_changed')) }}"
) }}
-- depends_on: {{ ref('int_identifiers_changed') }}
select
    members.profile_id,
    identifiers.record_id,
    identifiers.kind,
    identifiers.namespace,
    identifiers.value_raw,
    identifiers.value,
    identifiers.is_trusted,
    identifiers.reason,
    identifiers.first_seen_at,
    identifiers.last_seen_at
from {{ ref('stg_identity__record_identifiers') }} as identifiers
inner join {{ ref('profile_members') }} as members on identifiers.record_id = members.record_id
{%- if by_change() %}
where identifiers.record_id in (select changed.record_id from {{ ref('int_identifiers_changed') }} as changed)
{%- endif %}
