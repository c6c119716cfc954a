{#
    What the Spark target does its own way. Models are written once, in DuckDB's SQL; cdp_pipeline.spark.dialect translates
    what stands after the mark below, so every statement that holds a model's query must carry it.
#}

{% macro duckdb_sql() -%} /* cdp:duckdb */ {%- endmacro %}

{#
    Raw and handed-over tables are folders of Parquet in the lake. Where the columns are declared they are read by these,
    as a file of an older contract lacks some; a view of the session keeps them, since a path in a query cannot.
#}
{% macro source(source_name, table_name) -%}
    {%- set relation = builtins.source(source_name, table_name) -%}
    {%- if target.type == 'spark' and execute -%}
        {%- set found = namespace(node=none) -%}
        {%- for node in graph.sources.values() if node.source_name == source_name and node.name == table_name -%}
            {%- set found.node = node -%}
        {%- endfor -%}
        {%- set location = found.node.meta.external_location -%}
        {%- if location -%}
            {%- set path = modules.re.search("'([^']*)'", location).group(1) | replace('{name}', relation.identifier) -%}
            {%- set columns = found.node.columns.values() | selectattr('data_type') | list -%}
            {%- if not columns -%}
                {{ return('parquet."' ~ path ~ '"') }}
            {%- endif -%}
            {%- set view = source_name ~ '__' ~ table_name -%}
            {%- set listed = namespace(columns=[]) -%}
            {%- for column in columns -%}
                {%- do listed.columns.append('`' ~ column.name ~ '` ' ~ (column.data_type | replace('varchar', 'string'))) -%}
            {%- endfor -%}
            {%- do run_query('create or replace temporary view ' ~ view ~ ' (' ~ listed.columns | join(', ') ~ ") using parquet options (path '" ~ path ~ "')") -%}
            {{ return(view) }}
        {%- endif -%}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}

{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {%- if temporary -%}
    create or replace temporary view {{ relation }} as
    {%- else -%}
    create table {{ relation }} using parquet {{ partition_cols(label="partitioned by") }} {{ handed_over(relation) }} as
    {%- endif %}
    {{ duckdb_sql() }} {{ as_contracted(compiled_code) }}
{%- endmacro %}

{% macro spark__create_view_as(relation, sql) -%}
    create or replace view {{ relation }} as
    {{ duckdb_sql() }} {{ as_contracted(sql) }}
{%- endmacro %}

{# Core tables lie where the steps after dbt look for them, and where DuckDB's would. #}
{% macro handed_over(relation) -%}
    {%- if relation.schema == 'core' and var('lake') -%} location '{{ var("lake") }}/core/{{ relation.identifier }}' {%- endif -%}
{%- endmacro %}

{# With an enforced contract the columns take the declared order and types; one that is missing is Spark's error. #}
{% macro as_contracted(sql) -%}
    {%- if config.get('contract').enforced -%}
    select
        {%- for column in model.columns.values() %}
        cast({{ column.name }} as {{ column.data_type }}) as {{ column.name }}{{ "," if not loop.last }}
        {%- endfor %}
    from (
        {{ sql }}
    ) as contracted
    {%- else -%}
    {{ sql }}
    {%- endif -%}
{%- endmacro %}

{# Seeds: every value as a literal of its column's type; bound parameters would make doubles of all numbers. #}
{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set sql -%}
        insert into {{ this.render() }}
        {{ duckdb_sql() }} select * from (values
        {%- for row in agate_table.rows %}
        (
            {%- for value in row -%}
            {%- set name = agate_table.column_names[loop.index0] -%}
            cast({{ "null" if value is none else "'" ~ (value | string | replace("'", "''")) ~ "'" }} as {{ types.get(name, adapter.convert_type(agate_table, loop.index0)) }}){{ ", " if not loop.last }}
            {%- endfor -%}
        ){{ "," if not loop.last }}
        {%- endfor %}
        ) as seeded
    {%- endset -%}
    {%- if agate_table.rows -%}
        {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {%- endif -%}
    {{ return(sql) }}
{% endmacro %}

{# dbt's own macros for dates, in DuckDB's words, too: what dbt-spark puts in their place ends in the middle of a query. #}
{% macro spark__datediff(first_date, second_date, datepart) -%}
    (date_diff('{{ datepart }}', cast({{ first_date }} as timestamp), cast({{ second_date }} as timestamp)))
{%- endmacro %}

{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    ({{ from_date_or_timestamp }} + cast({{ interval }} as bigint) * interval 1 {{ datepart }})
{%- endmacro %}

{# A catalogue keeps at most 32,700 characters of a view, and a union over all sources is longer: views are tables. #}
{% materialization view, adapter='spark' -%}
    {{ return(materialization_table_spark()) }}
{%- endmaterialization %}
