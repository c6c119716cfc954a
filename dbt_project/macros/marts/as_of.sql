{# The last instant a run may know: nothing at or after it exists for point-in-time results. UTC. #}
{% macro as_of_end() -%}
(cast('{{ var("as_of") }}' as timestamp) + interval 1 day)
{%- endmacro %}

{# The as-of day itself, as a DATE. #}
{% macro as_of_date() -%}
cast('{{ var("as_of") }}' as date)
{%- endmacro %}

{# True for events of the last `days` days up to and including the as-of day. #}
{% macro within_days(column, days) -%}
{{ column }} >= {{ as_of_end() }} - interval {{ days }} day
{%- endmacro %}
