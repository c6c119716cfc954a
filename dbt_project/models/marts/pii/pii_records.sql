{{ config(
    alias='records',
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id and remade.is_changed', ref('int_records_changed')) }}"
) }}
-- depends_on: {{ ref('int_records_changed') }}
select
    profile_id,
    record_id,
    source,
    object,
    entity_type,
    given_name,
    family_name,
    full_name,
    native_name,
    organisation,
    birth_date,
    gender,
    street,
    unit,
    locality,
    region,
    postcode,
    country,
    language,
    is_guest,
    created_at,
    updated_at
from {{ ref('int_records_profiled') }}
{% if by_change() -%}
where profile_id in (select changed.profile_id from {{ ref('int_records_changed') }} as changed where changed.is_changed)
{%- endif %}
