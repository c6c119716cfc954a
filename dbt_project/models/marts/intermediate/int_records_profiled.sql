{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.record_id = remade.record_id', ref('int_record_rows_changed')) }}"
) }}
-- Records that may speak for a profile: deleted ones never win, and a profile without a live record is retired.
-- depends_on: {{ ref('int_record_rows_changed') }} {{ ref('customer_records') }}
{% if by_change() -%}
with changed as (
    select *
    from {{ ref('customer_records') }}
    where record_id in (select changed.record_id from {{ ref('int_record_rows_changed') }} as changed)
)

{{ records_profiled('changed') }}
{%- else -%}
{{ records_profiled(ref('customer_records')) }}
{%- endif %}
