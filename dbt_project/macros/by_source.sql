{#
    Core tables of which a run makes only some sources again. Such a model says `meta={'by_source': <union of its parts>}`,
    is incremental, and each of its rows comes from one row of the union. cdp_pipeline.core_parts tells by the environment
    CDP_CORE_PARTS, per model: `remade`, the sources whose rows are all made again; `grown`, those to which rows are added,
    with the last delivery day that is in (column `added_on` of the union); `records`, whether a record came or went.
    Where nothing is told, all rows are made again.

    told_parts()         of the model: what is told, or none
    keep_record_ids()    for pre_hook of customer_records: its ids stay beside it until drop_record_ids()
    follow_records(union)  for pre_hook: rows that stay name their record again, or no longer
    of_told_parts(union) condition for the rows of the union, by its alias, that the model makes
#}
{% macro told_parts() -%}
    {%- if execute and model.resource_type == 'model' and is_incremental() -%}
        {{ return(fromjson(env_var('CDP_CORE_PARTS', '{}')).get(model.name)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{% macro keep_record_ids() -%}
    {%- if execute and env_var('CDP_CORE_PARTS', '{}') != '{}' -%}
        create or replace table {{ record_ids_before() }} as select record_id from {{ this }}
    {%- endif -%}
{%- endmacro %}

{% macro drop_record_ids() -%}
    {%- if execute and target.type == 'duckdb' -%} drop table if exists {{ record_ids_before() }} {%- endif -%}
{%- endmacro %}

{% macro record_ids_before() -%} {{ this.incorporate(path={'identifier': 'record_ids_before'}) }} {%- endmacro %}

{% macro follow_records(union) -%}
    {%- set told = told_parts() -%}
    {%- if told and told.records -%}
    update {{ this }} as kept
    set record_id = named.record_id
    from (
        select
            interaction_id,
            record_id
        from {{ union }}
        where
            record_id in (
                select came.record_id from {{ ref('customer_records') }} as came
                anti join {{ record_ids_before() }} as before on came.record_id = before.record_id
            )
            {%- if told.remade %}
            and source not in ({{ quoted_names(told.remade) }})
            {%- endif %}
    ) as named
    where kept.interaction_id = named.interaction_id;
    update {{ this }} as kept
    set record_id = null
    where
        kept.record_id in (
            select went.record_id from {{ record_ids_before() }} as went
            anti join {{ ref('customer_records') }} as now on went.record_id = now.record_id
        )
    {%- endif -%}
{%- endmacro %}

{% macro of_told_parts(union) -%}
    {%- set told = told_parts() -%}
    {%- if told is none -%}
        true
    {%- else -%}
        (
            false
            {%- if told.remade %}
            or {{ union }}.source in ({{ quoted_names(told.remade) }})
            {%- endif %}
            {%- for source, day in told.grown.items() %}
            or ({{ union }}.source = '{{ source }}' and {{ union }}.added_on > date '{{ day }}')
            {%- endfor %}
        )
    {%- endif -%}
{%- endmacro %}

{% macro quoted_names(names) -%} '{{ names | join("', '") }}' {%- endmacro %}
