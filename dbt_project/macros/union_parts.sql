{#
    One `union all` over what every source brings of a part ("records", "orders" …), see connector_parts(): the models
    int_<source>__<part>. Only `columns` are taken, so that a model may carry more; `source` is the source's name.
    `types`: of columns for which sources have several, the one of the union ({column: type}): it must not depend on which
    sources bring rows. `only`: columns that only some sources have ({column: [source …]}, with a type); NULL for the others.
    Without any such model: no rows.
#}
{% macro union_parts(part, columns, types={}, only={}) -%}
    {%- for source in bringing_sources(part) %}
select
        {%- for column in columns %}
            {%- if column == 'source' %}
    '{{ source }}' as source
            {%- elif column in types %}
    cast({{ column if source in only.get(column, [source]) else 'null' }} as {{ types[column] }}) as {{ column }}
            {%- else %}
    {{ column }}
            {%- endif %}{{ "," if not loop.last }}
        {%- endfor %}
from {{ ref('int_' ~ source ~ '__' ~ part) }}
{{ "union all" if not loop.last }}
    {%- else %}
select
        {%- for column in columns %}
    cast(null as varchar) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
where false
    {%- endfor %}
{%- endmacro %}

{#
    Sources that bring a part, without those of which nothing was ever delivered (cdp_pipeline.core_build tells their
    models by the environment CDP_CORE_SILENT; where nothing is told, all): DuckDB plans a union branch by branch, and
    each of these costs as much as one with rows. One stays in any case, for the columns.
#}
{% macro bringing_sources(part) -%}
    {%- set all = connector_parts()[part] | default([]) -%}
    {%- set found = [] -%}
    {%- for source in all if not is_silent('int_' ~ source ~ '__' ~ part) -%}
        {%- do found.append(source) -%}
    {%- endfor -%}
    {{ return(found or all[:1]) }}
{%- endmacro %}

{# Whether nothing was ever delivered under a model. Read when a model runs, never when it is parsed (see as_of_value). #}
{% macro is_silent(model_name) -%}
    {{ return(execute and model_name in fromjson(env_var('CDP_CORE_SILENT', '[]'))) }}
{%- endmacro %}
