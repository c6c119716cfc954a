{#
    The as-of of the run, YYYY-MM-DD: the one place that reads it. It comes from the environment and is read when a model
    runs, never when it is parsed, because dbt parses the whole project again for every new value of a variable; without
    it every day counts. The variable `as_of` is for unit tests, which override it.
#}
{% macro as_of_value() -%}
    {%- set declared = var('as_of', none) -%}
    {%- if declared is not none -%}
        {{ return(declared) }}
    {%- endif -%}
    {{ return(env_var('CDP_AS_OF', '9999-12-31') if execute else '9999-12-31') }}
{%- endmacro %}

{# The last instant a run may know: nothing at or after it exists for point-in-time results. UTC. #}
{% macro as_of_end() -%}
(cast('{{ as_of_value() }}' as timestamp) + interval 1 day)
{%- endmacro %}

{#
    True of a moment or day before the end of the as-of: the guard for what a run may know. It gives the same from day to
    day but for rows whose moment lies between, so a model that names the as-of in this way alone is not made again on a
    day on which there are none (cdp_pipeline/marts_graph.py). `moment` is one literal, an expression over columns of
    one relation that the model names by ref or source.
#}
{% macro known_by(moment) -%}
{{ moment }} < {{ as_of_end() }}
{%- endmacro %}

{# The as-of day itself, as a DATE. #}
{% macro as_of_date() -%}
cast('{{ as_of_value() }}' as date)
{%- endmacro %}

{# True for events of the last `days` days up to and including the as-of day. #}
{% macro within_days(column, days) -%}
{{ column }} >= {{ as_of_end() }} - interval {{ days }} day
{%- endmacro %}
