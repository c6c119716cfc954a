{#
    Staging tables of the latest version of each key, in which a later delivery replaces the keys it holds: such a model says
    `materialized=…'incremental'`, `meta={'by_key': [columns]}`, leave_changed_keys() for pre_hook, takes its rows from
    latest_by_key(…, changed_since=last_appended()) of one object, and has the key trimmed under its own name. It is kept only
    where nothing under it changed but for files of later days (cdp_pipeline.core_build decides), as a file that was
    corrected or is gone does not say which keys it used to bring; in all other cases its table is dropped before, and
    made from all rows. Engines other than DuckDB always make it from all rows.
#}

{# For pre_hook: rows of the keys that came since leave. #}
{% macro leave_changed_keys() -%}
    {%- set last = last_appended() -%}
    {%- if last -%}
        {%- set object = model.sources[0] -%}
        delete from {{ this }} as kept
        where {{ came_since(source(object[0], object[1]), model.config.meta.by_key, last, 'kept') }}
    {%- endif -%}
{%- endmacro %}
