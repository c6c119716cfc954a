{#
    The places where DuckDB and Spark differ. Contract of each macro:

    json_text(column, path)        text at a JSONPath ('$.a."b c"'), NULL when absent or JSON null
    unnest_json(column, alias)     lateral join: one row per element of the JSON array, the element's JSON text as
                                   `<alias>.item` and its 1-based position as `<alias>.position`; no row for NULL
    unnest_json_object(column, alias)  lateral join: one row per member of the JSON object, its name as `<alias>.key`
                                   and its text (of objects and arrays the JSON) as `<alias>.value`; no row for NULL
    json_object(pairs)             JSON text of {key: SQL expression}; NULL values stay in as JSON null
    hex_digest(text)               lower-case hexadecimal SHA-256 of the UTF-8 text
    latest_value(value, order_by)  aggregate: the value of the row with the greatest order, rows without a value aside
    earliest_value(value, order_by)
    epoch_to_timestamp(seconds)    TIMESTAMP in UTC
    url_parameter(url, name)       percent-decoded query parameter, NULL when absent or empty
    regexp_group(text, pattern, n) n-th group of the first match, NULL when there is none
    regexp_like(text, pattern)     true when the pattern matches anywhere
    digits_of(text)                the text without anything that is not a digit
    iso_to_timestamp(text)         TIMESTAMP in UTC from ISO 8601 text with an offset, NULL when it is none
#}

{% macro json_text(column, path) -%}
    {{ return(adapter.dispatch('json_text', 'cdp')(column, path)) }}
{%- endmacro %}
{% macro duckdb__json_text(column, path) -%}
    json_extract_string({{ column }}, '{{ path }}')
{%- endmacro %}
{% macro spark__json_text(column, path) -%}
    get_json_object({{ column }}, '{{ path | replace('."', "['") | replace('"', "']") | replace("'", "\\'") }}')
{%- endmacro %}

{% macro unnest_json(column, alias) -%}
    {{ return(adapter.dispatch('unnest_json', 'cdp')(column, alias)) }}
{%- endmacro %}
{% macro duckdb__unnest_json(column, alias) -%}
    cross join unnest(json_extract({{ column }}, '$[*]')) with ordinality as {{ alias }} (item, position)
{%- endmacro %}
{% macro spark__unnest_json(column, alias) -%}
    lateral view posexplode(from_json({{ column }}, 'array<string>')) {{ alias }} as position_0, item
{%- endmacro %}

{% macro unnest_json_object(column, alias) -%}
    {{ return(adapter.dispatch('unnest_json_object', 'cdp')(column, alias)) }}
{%- endmacro %}
{% macro duckdb__unnest_json_object(column, alias) -%}
    cross join lateral (
        select member.entry.key as key, member.entry.value as value
        from unnest(map_entries(cast(cast({{ column }} as json) as map(varchar, varchar)))) as member (entry)
    ) as {{ alias }}
{%- endmacro %}
{% macro spark__unnest_json_object(column, alias) -%}
    lateral view explode(from_json({{ column }}, 'map<string,string>')) {{ alias }} as key, value
{%- endmacro %}

{% macro json_object(pairs) -%}
    {{ return(adapter.dispatch('json_object', 'cdp')(pairs)) }}
{%- endmacro %}
{% macro duckdb__json_object(pairs) -%}
    cast(json_object({% for key, value in pairs.items() %}'{{ key }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %}) as varchar)
{%- endmacro %}
{% macro spark__json_object(pairs) -%}
    to_json(named_struct({% for key, value in pairs.items() %}'{{ key }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %}), map('ignoreNullFields', 'false'))
{%- endmacro %}

{% macro hex_digest(text) -%}
    {{ return(adapter.dispatch('hex_digest', 'cdp')(text)) }}
{%- endmacro %}
{% macro duckdb__hex_digest(text) -%} sha256({{ text }}) {%- endmacro %}
{% macro spark__hex_digest(text) -%} sha2({{ text }}, 256) {%- endmacro %}

{% macro latest_value(value, order_by) -%}
    {{ return(adapter.dispatch('latest_value', 'cdp')(value, order_by)) }}
{%- endmacro %}
{% macro duckdb__latest_value(value, order_by) -%}
    arg_max({{ value }}, row({{ order_by | join(', ') }})) filter (where {{ value }} is not null)
{%- endmacro %}
{% macro spark__latest_value(value, order_by) -%}
    max_by({{ value }}, struct({{ order_by | join(', ') }})) filter (where {{ value }} is not null)
{%- endmacro %}

{% macro earliest_value(value, order_by) -%}
    {{ return(adapter.dispatch('earliest_value', 'cdp')(value, order_by)) }}
{%- endmacro %}
{% macro duckdb__earliest_value(value, order_by) -%}
    arg_min({{ value }}, row({{ order_by | join(', ') }})) filter (where {{ value }} is not null)
{%- endmacro %}
{% macro spark__earliest_value(value, order_by) -%}
    min_by({{ value }}, struct({{ order_by | join(', ') }})) filter (where {{ value }} is not null)
{%- endmacro %}

{% macro epoch_to_timestamp(seconds) -%}
    {{ return(adapter.dispatch('epoch_to_timestamp', 'cdp')(seconds)) }}
{%- endmacro %}
{% macro duckdb__epoch_to_timestamp(seconds) -%} make_timestamp(try_cast({{ seconds }} as bigint) * 1000000) {%- endmacro %}
{% macro spark__epoch_to_timestamp(seconds) -%} timestamp_seconds(try_cast({{ seconds }} as bigint)) {%- endmacro %}

{% macro iso_to_timestamp(text) -%}
    {{ return(adapter.dispatch('iso_to_timestamp', 'cdp')(text)) }}
{%- endmacro %}
{% macro duckdb__iso_to_timestamp(text) -%} cast(try_cast({{ text }} as timestamptz) at time zone 'UTC' as timestamp) {%- endmacro %}
{% macro spark__iso_to_timestamp(text) -%} try_cast({{ text }} as timestamp) {%- endmacro %}

{% macro regexp_group(text, pattern, n) -%}
    {{ return(adapter.dispatch('regexp_group', 'cdp')(text, pattern, n)) }}
{%- endmacro %}
{% macro duckdb__regexp_group(text, pattern, n) -%} nullif(regexp_extract({{ text }}, '{{ pattern }}', {{ n }}), '') {%- endmacro %}
{% macro spark__regexp_group(text, pattern, n) -%} nullif(regexp_extract({{ text }}, r'{{ pattern }}', {{ n }}), '') {%- endmacro %}

{% macro regexp_like(text, pattern) -%}
    {{ return(adapter.dispatch('regexp_like', 'cdp')(text, pattern)) }}
{%- endmacro %}
{% macro duckdb__regexp_like(text, pattern) -%} regexp_matches({{ text }}, '{{ pattern }}') {%- endmacro %}
{% macro spark__regexp_like(text, pattern) -%} {{ text }} rlike r'{{ pattern }}' {%- endmacro %}

{% macro url_parameter(url, name) -%}
    {{ return(adapter.dispatch('url_parameter', 'cdp')(url, name)) }}
{%- endmacro %}
{% macro duckdb__url_parameter(url, name) -%}
    nullif(url_decode(regexp_extract({{ url }}, '[?&]{{ name }}=([^&#]*)', 1)), '')
{%- endmacro %}
{% macro spark__url_parameter(url, name) -%}
    nullif(url_decode(regexp_extract({{ url }}, '[?&]{{ name }}=([^&#]*)', 1)), '')
{%- endmacro %}

{% macro digits_of(text) -%}
    {{ return(adapter.dispatch('digits_of', 'cdp')(text)) }}
{%- endmacro %}
{% macro duckdb__digits_of(text) -%} regexp_replace({{ text }}, '[^0-9]', '', 'g') {%- endmacro %}
{% macro spark__digits_of(text) -%} regexp_replace({{ text }}, '[^0-9]', '') {%- endmacro %}
