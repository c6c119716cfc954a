{# Schemas are named as declared (`core`, not `<target>_core`): one file holds one installation. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
