{#
    Ends of the 95 % Wilson interval of n/total, within 0 and 1; NULL for total 0 (Wilson 1927; z = 1.96). Both arguments are
    whole numbers or columns of them.
#}
{% macro wilson_lower(n, total) -%}
case when {{ total }} > 0 then greatest({{ wilson_end(n, total, '-') }}, 0) end
{%- endmacro %}

{% macro wilson_upper(n, total) -%}
case when {{ total }} > 0 then least({{ wilson_end(n, total, '+') }}, 1) end
{%- endmacro %}

{% macro wilson_end(n, total, sign) -%}
(
    1.0 * {{ n }} / {{ total }} + 1.9208 / {{ total }}
    {{ sign }} 1.96 * sqrt(
        (1.0 * {{ n }} / {{ total }}) * (1 - 1.0 * {{ n }} / {{ total }}) / {{ total }}
        + 0.9604 / (1.0 * {{ total }} * {{ total }})
    )
) / (1 + 3.8416 / {{ total }})
{%- endmacro %}
