{# Local TIMESTAMP of the UTC time `timestamp` in the IANA zone that the expression `zone` names. #}
{% macro utc_to_local(timestamp, zone) -%} timezone({{ zone }}, timezone('UTC', {{ timestamp }})) {%- endmacro %}

{# TIMESTAMP in UTC of local time `timestamp` in the IANA zone that the expression `zone` names. #}
{% macro local_to_utc(timestamp, zone) -%} cast(timezone({{ zone }}, {{ timestamp }}) at time zone 'UTC' as timestamp) {%- endmacro %}
