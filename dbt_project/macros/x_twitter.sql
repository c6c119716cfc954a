{# Second at which an id of X was made: its upper bits count milliseconds from the epoch of X. #}
{% macro snowflake_time(column) -%}
    {{ epoch_to_timestamp("cast(floor((floor(try_cast(" ~ column ~ " as bigint) / 4194304) + 1288834974657) / 1000) as bigint)") }}
{%- endmacro %}

{# true for an account of the company; NULL is none #}
{% macro is_x_brand(column) -%}
    coalesce({{ column }} in ('{{ var("x_brand_ids") | join("', '") }}'), false)
{%- endmacro %}
