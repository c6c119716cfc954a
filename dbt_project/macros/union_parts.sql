{#
    One `union all` over what every source brings of a part ("records", "orders" …), see connector_parts(): the models
    int_<source>__<part>. Only `columns` are taken, so that a model may carry more; `source` is the source's name.
    `only`: columns that only some sources have, as {column: (type, [source …])}; NULL for the others.
    Without any such model: no rows.
#}
{% macro union_parts(part, columns, only={}) -%}
    {%- for source in connector_parts()[part] | default([]) %}
select
        {%- for column in columns %}
            {%- if column == 'source' %}
    '{{ source }}' as source
            {%- elif column in only and source not in only[column][1] %}
    cast(null as {{ only[column][0] }}) as {{ column }}
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
