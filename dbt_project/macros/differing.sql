{#
    Incremental strategy `differing`, for tables whose rows are all made again, as each may depend on many others, and of
    which most turn out as they stood: to write and compress a row costs more than to make and compare it. Rows that
    stand and were not made leave, rows that were made and do not stand come; what is compared is the 64-bit hash of a
    row in all its columns. So it does not matter why a row is another one. No two rows of such a table are alike (a test
    holds it), and its column types are enforced (contract), as they are no part of the comparison.

    Of a table that holds rows of each source apart (by_source.sql) the rows of sources that are made again are compared.
#}
{% macro get_incremental_differing_sql(arg_dict) -%}
    {%- set stands = arg_dict.target_relation -%}
    {%- set made = arg_dict.temp_relation -%}
    {%- set columns = arg_dict.dest_columns | map(attribute='quoted') | join(', ') -%}
    {%- set differing = made.incorporate(path={'identifier': made.identifier ~ '_differing'}) -%}
    create temporary table {{ differing.identifier }} as
    select
        made.id as made_id,
        stands.id as stands_id
    from (select rowid as id, hash({{ columns }}) as content from {{ made }}) as made
    full join (
        select rowid as id, hash({{ columns }}) as content from {{ stands }} where {{ is_made_again() }}
    ) as stands on made.content = stands.content
    where made.id is null or stands.id is null;
    delete from {{ stands }} where rowid in (select stands_id from {{ differing.identifier }});
    insert into {{ stands }} ({{ columns }})
    select {{ columns }} from {{ made }} where rowid in (select made_id from {{ differing.identifier }});
    drop table {{ differing.identifier }};
    drop table {{ made }}
{%- endmacro %}

{# Condition for the rows of the model's table that this build makes, as far as they stand. #}
{% macro is_made_again() -%}
    {%- set told = told_parts() -%}
    {%- if told is none -%} true
    {%- elif told.remade -%} source in ({{ quoted_names(told.remade) }})
    {%- else -%} false
    {%- endif -%}
{%- endmacro %}
