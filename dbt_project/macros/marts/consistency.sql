{# Whether two lists have a member in common. #}
{% macro shares_a_value(left, right) -%} list_has_any({{ left }}, {{ right }}) {%- endmacro %}
