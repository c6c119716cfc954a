{#
    One `union all` over what every source brings of a part ("records", "orders" …), see connector_parts(): the models
    int_<source>__<part>. Only `columns` are taken, so that a model may carry more; `source` is the source's name.
    Without any such model: no rows.
#}
{% macro union_parts(part, columns) -%}
    {%- for source in connector_parts()[part] | default([]) %}
select
        {%- for column in columns %}
    {{ "'" ~ source ~ "' as source" if column == 'source' else column }}{{ "," if not loop.last }}
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
