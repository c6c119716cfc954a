{#
    Time that counts: minutes in which a support desk is open, between two instants.

    int_business_calendar holds, per calendar, the openings cut at UTC midnight with the seconds open before each
    (`seconds_before`), and an empty slice at every UTC midnight so that each day has a row. The open time up to an
    instant is then found among the few slices of its UTC day: an equality join and a maximum, on any engine, without
    a loop and without a range join. The open time between two instants is the difference of the two.
#}
{% macro business_seconds_until(instant) -%}
max(
    slices.seconds_before
    + case
        when {{ instant }} >= slices.ends_at then {{ seconds_between('slices.starts_at', 'slices.ends_at') }}
        else {{ seconds_between('slices.starts_at', instant) }}
    end
) filter (where slices.starts_at <= {{ instant }})
{%- endmacro %}

{# One row per day from `first` to `last` (both DATE expressions), as column `day`. #}
{% macro day_series(first, last) -%}
select cast(unnest(generate_series(cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval 1 day)) as date) as day
{%- endmacro %}

{# ISO weekday of a DATE: 1 is Monday, 7 Sunday. #}
{% macro iso_weekday(day) -%} isodow({{ day }}) {%- endmacro %}

{# UTC instant of `minutes` after midnight of local `day` in `zone`; what the clock skips or repeats follows the zone. #}
{% macro local_minute_to_utc(day, minutes, zone) -%}
{{ local_to_utc("(cast(" ~ day ~ " as timestamp) + to_minutes(" ~ minutes ~ "))", zone) }}
{%- endmacro %}

{# An interval of so many minutes; NULL for NULL. #}
{% macro minutes_interval(minutes) -%} to_minutes({{ minutes }}) {%- endmacro %}
