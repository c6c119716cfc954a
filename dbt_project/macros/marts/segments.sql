{#
    names_in(column, alias)    lateral join: one row per name in a comma-separated text, as `<alias>.name`; the text must
                               not be empty
    week_of(day)               the Monday of a day's week, as DATE
#}
{% macro names_in(column, alias) -%}
    cross join unnest(string_split({{ column }}, ',')) as {{ alias }} (name)
{%- endmacro %}

{% macro week_of(day) -%}
cast(date_trunc('week', {{ day }}) as date)
{%- endmacro %}
