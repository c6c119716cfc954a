{# `jane.doe@example.com` → `j***@e***.com`: first letters and the top-level domain stay. #}
{% macro mask_email(column) -%}
case
    when {{ column }} like '%_@_%.%'
        then
            left({{ column }}, 1) || '***@' || left(split_part({{ column }}, '@', 2), 1) || '***.'
            || split_part({{ column }}, '.', -1)
end
{%- endmacro %}

{# `+12025550111` → `***11`: the last two digits stay. #}
{% macro mask_phone(column) -%}
case when length({{ column }}) >= 6 then '***' || right({{ column }}, 2) end
{%- endmacro %}
