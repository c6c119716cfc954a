{#
    Models of events whose rows come each from one row of an append-only object: what a later delivery brings is added to
    the table instead of making it again. Such a model says `materialized=…'incremental'`, `meta={'appends': true}`, and
    restricts what it reads by last_appended(). It is added to only where nothing under it changed but for files of
    later days (cdp_pipeline.core_build decides); in all other cases its table is dropped before, and made from all rows.
    Engines other than DuckDB always make it from all rows.
#}

{# The last delivery day in this model's table (of the rows that fulfil `condition`), or none: then all rows are read. #}
{% macro last_appended(condition='true') -%}
    {%- if execute and is_incremental() -%}
        {{ return(run_query('select max(delivered_date) from ' ~ this ~ ' where ' ~ condition).columns[0].values()[0]) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}
