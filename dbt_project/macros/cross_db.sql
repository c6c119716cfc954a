{#
    Expressions that engines say differently, each in one place. All SQL of the project is DuckDB's; for Spark it is translated
    by cdp_pipeline.spark.dialect, so a macro has no variants. Contract of each:

    json_text(column, path)        text at a JSONPath ('$.a."b c"'), NULL when absent or JSON null
    json_texts(column, paths)      LIST of json_text() at each path: one parse for all of them
    unnest_json(column, alias)     lateral join: one row per element of the JSON array, the element's JSON text as
                                   `<alias>.item` and its 1-based position as `<alias>.position`; no row for NULL
    unnest_json_object(column, alias)  lateral join: one row per member of the JSON object, its name as `<alias>.key`
                                   and its text (of objects and arrays the JSON) as `<alias>.value`; no row for NULL and
                                   for JSON that is no object
    json_object(pairs)             JSON text of {key: SQL expression}; NULL values stay in as JSON null
    hex_digest(text)               lower-case hexadecimal SHA-256 of the UTF-8 text
    latest_value(value, order_by)  aggregate: the value of the row with the greatest order, rows without a value aside
    earliest_value(value, order_by)
    epoch_to_timestamp(seconds)    TIMESTAMP in UTC, NULL for what is no number or lies outside of the years 1 to 9999
    url_parameter(url, name)       percent-decoded query parameter, NULL when absent or empty
    regexp_group(text, pattern, n) n-th group of the first match, NULL when there is none
    regexp_like(text, pattern)     true when the pattern matches anywhere
    digits_of(text)                the text without anything that is not a digit
    iso_to_timestamp(text)         TIMESTAMP in UTC from ISO 8601 text with an offset, NULL when it is none (also for
                                   `infinity`, `epoch`, years of five digits and years BC, which DuckDB reads)
#}

{% macro json_text(column, path) -%}
    json_extract_string({{ column }}, '{{ path }}')
{%- endmacro %}

{% macro json_texts(column, paths) -%}
    {%- if target.type == 'duckdb' -%}
    json_extract_string({{ column }}, ['{{ paths | join("', '") }}'])
    {%- else -%}
    [{% for path in paths %}{{ json_text(column, path) }}{{ ', ' if not loop.last }}{% endfor %}]
    {%- endif -%}
{%- endmacro %}

{% macro unnest_json(column, alias) -%}
    {%- if target.type == 'duckdb' -%}
    {#- The same rows: DuckDB numbers those of `with ordinality` in a join of the whole table with itself. -#}
    cross join lateral (
        select
            unnest(listed.items) as item,
            generate_subscripts(listed.items, 1) as position
        from (select json_extract({{ column }}, '$[*]') as items) as listed
    ) as {{ alias }}
    {%- else -%}
    cross join unnest(json_extract({{ column }}, '$[*]')) with ordinality as {{ alias }} (item, position)
    {%- endif -%}
{%- endmacro %}

{% macro unnest_json_object(column, alias) -%}
    cross join lateral (
        select member.entry.key as key, member.entry.value as value
        from unnest(map_entries(try_cast(try_cast({{ column }} as json) as map(varchar, varchar)))) as member (entry)
    ) as {{ alias }}
{%- endmacro %}

{% macro json_object(pairs) -%}
    cast(json_object({% for key, value in pairs.items() %}'{{ key }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %}) as varchar)
{%- endmacro %}

{% macro hex_digest(text) -%} sha256({{ text }}) {%- endmacro %}

{% macro latest_value(value, order_by) -%}
    arg_max({{ value }}, row({{ order_by | join(', ') }})) filter (where {{ value }} is not null)
{%- endmacro %}

{% macro earliest_value(value, order_by) -%}
    arg_min({{ value }}, row({{ order_by | join(', ') }})) filter (where {{ value }} is not null)
{%- endmacro %}

{% macro epoch_to_timestamp(seconds) -%}
    case
        -- year 1 to 9999, as in the contracts' casts: beyond, the product or make_timestamp() is an error
        when try_cast({{ seconds }} as bigint) between -62135596800 and 253402300799
            then make_timestamp(try_cast({{ seconds }} as bigint) * 1000000)
    end
{%- endmacro %}

{% macro iso_to_timestamp(text) -%}
    cast(try_cast(nullif(regexp_extract({{ text }}, '^ *[0-9]{4}-[^()]*$'), '') as timestamptz) at time zone 'UTC' as timestamp)
{%- endmacro %}

{% macro regexp_group(text, pattern, n) -%} nullif(regexp_extract({{ text }}, '{{ pattern }}', {{ n }}), '') {%- endmacro %}

{% macro regexp_like(text, pattern) -%} regexp_matches({{ text }}, '{{ pattern }}') {%- endmacro %}

{% macro url_parameter(url, name) -%}
    nullif(url_decode(regexp_extract({{ url }}, '[?&]{{ name }}=([^&#]*)', 1)), '')
{%- endmacro %}

{% macro digits_of(text) -%} regexp_replace({{ text }}, '[^0-9]', '', 'g') {%- endmacro %}
