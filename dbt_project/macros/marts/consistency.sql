{# Whether two lists have a member in common. #}
{% macro shares_a_value(left, right) -%}
    {{ return(adapter.dispatch('shares_a_value', 'cdp')(left, right)) }}
{%- endmacro %}
{% macro duckdb__shares_a_value(left, right) -%} list_has_any({{ left }}, {{ right }}) {%- endmacro %}
{% macro spark__shares_a_value(left, right) -%} arrays_overlap({{ left }}, {{ right }}) {%- endmacro %}
