{#
    Reviews of every tool in one shape. A model `int_<source>__answers` has the columns of the feedback part; the part
    itself takes from `int_reviews_told_once` what was not syndicated from another tool.

    review_text(title, body)   title and body as one text, NULL when both are empty
    reviewer_name(column)      a name in full; `Jane S.` and nicknames of systems are no names to match
    reviewer_records(…)        the records part: one row per reviewer of `relation`, which needs record_id, native_id, name,
                               created_at, updated_at, delivered_date
#}
{% macro review_text(title, body) -%}
    nullif(trim(concat_ws('. ', nullif(trim({{ title }}), ''), nullif(trim({{ body }}), ''))), '')
{%- endmacro %}

{% macro reviewer_name(column) -%}
    case when not {{ regexp_like("trim(" ~ column ~ ")", "(^| )[^ ][.]?$") }} then {{ clean_name(column) }} end
{%- endmacro %}

{% macro reviewer_records(source, object, relation) -%}
select
    record_id,
    '{{ source }}' as source,
    '{{ object }}' as object,
    native_id,
    {{ record_columns({'full_name': 'full_name', 'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from (
    select
        record_id,
        native_id,
        {{ latest_value('name', ['updated_at']) }} as full_name,
        min(created_at) as created_at,
        max(updated_at) as updated_at,
        max(delivered_date) as delivered_date
    from {{ relation }}
    group by
        record_id,
        native_id
) as reviewers
{%- endmacro %}
