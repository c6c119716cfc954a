{# Local TIMESTAMP of the UTC time `timestamp` in the IANA zone that the expression `zone` names. #}
{% macro utc_to_local(timestamp, zone) -%}
    {{ return(adapter.dispatch('utc_to_local', 'cdp')(timestamp, zone)) }}
{%- endmacro %}
{% macro duckdb__utc_to_local(timestamp, zone) -%} timezone({{ zone }}, timezone('UTC', {{ timestamp }})) {%- endmacro %}
{% macro spark__utc_to_local(timestamp, zone) -%} from_utc_timestamp({{ timestamp }}, {{ zone }}) {%- endmacro %}

{# TIMESTAMP in UTC of local time `timestamp` in the IANA zone that the expression `zone` names. #}
{% macro local_to_utc(timestamp, zone) -%}
    {{ return(adapter.dispatch('local_to_utc', 'cdp')(timestamp, zone)) }}
{%- endmacro %}
{% macro duckdb__local_to_utc(timestamp, zone) -%} cast(timezone({{ zone }}, {{ timestamp }}) at time zone 'UTC' as timestamp) {%- endmacro %}
{% macro spark__local_to_utc(timestamp, zone) -%} to_utc_timestamp({{ timestamp }}, {{ zone }}) {%- endmacro %}
