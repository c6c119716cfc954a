{#
    One `union all` branch per identifier column of `relation`, which needs record_id, created_at, updated_at.
    Each entry: kind, column, and optionally namespace (SQL, default ''), trusted (SQL, default true),
    reason (SQL, why it is not trusted or what is known about it, default NULL).
#}
{% macro identifier_rows(relation, entries) -%}
    {%- for entry in entries %}
    select
        record_id,
        '{{ entry.kind }}' as kind,
        {{ entry.namespace | default("''") }} as namespace,
        cast({{ entry.column }} as varchar) as value_raw,
        coalesce({{ entry.trusted | default('true') }}, true) as is_trusted,
        cast({{ entry.reason | default('null') }} as varchar) as reason,
        created_at as first_seen_at,
        updated_at as last_seen_at
    from {{ relation }}
    where {{ entry.column }} is not null
    {{ "union all" if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Full-size Chinese or Latin name at the head of a staff remark ('王小明-南京西路店' → '王小明'); NULL otherwise. #}
{% macro name_in_remark(remark) -%}
    case
        -- "old customer", "member", "colleague": what staff writes instead of a name.
        when {{ regexp_like(remark, "^[^ -]*(客|户|会员|店|群|朋友|同事)") }} then null
        else coalesce(
            {{ regexp_group("trim(" ~ remark ~ ")", "^([\\p{Han}]{2,4})($|[^\\p{Han}])", 1) }},
            {{ regexp_group("trim(" ~ remark ~ ")", "^([A-Z][a-z]+ [A-Z][a-z]+)($|[^A-Za-z])", 1) }}
        )
    end
{%- endmacro %}

{% macro has_han(column) -%} {{ regexp_like(column, "\\p{Han}") }} {%- endmacro %}

{# "Sample Event" → "sample_event": free event names as one spelling. #}
{% macro snake_case(text) -%} trim(regexp_replace(lower({{ text }}), '[^a-z0-9]+', '_', 'g'), '_') {%- endmacro %}

{# The conformed columns of a record, absent ones as typed NULLs: pass {column: SQL}. #}
{% macro record_columns(values) -%}
    {%- for column in [
        'given_name', 'middle_name', 'family_name', 'full_name', 'native_name', 'organisation', 'birth_date', 'gender',
        'street', 'unit', 'locality', 'region', 'postcode', 'country', 'language'
    ] %}
    cast({{ values[column] | default('null') }} as varchar) as {{ column }},
    {%- endfor %}
    cast({{ values['is_guest'] | default('false') }} as boolean) as is_guest,
    cast({{ values['created_at'] | default('null') }} as timestamp) as created_at,
    cast({{ values['updated_at'] | default('null') }} as timestamp) as updated_at,
    cast({{ values['delivered_date'] | default('delivered_date') }} as date) as delivered_date,
    cast({{ values['is_deleted'] | default('false') }} as boolean) as is_deleted
{%- endmacro %}

{# The conformed columns of an interaction after interaction_id and record_id, absent ones as typed NULLs. #}
{% macro interaction_columns(values) -%}
    cast({{ values['anonymous_id'] | default('null') }} as varchar) as anonymous_id,
    cast({{ values['touchpoint'] }} as varchar) as touchpoint,
    cast({{ values['direction'] | default("'inbound'") }} as varchar) as direction,
    cast({{ values['interaction_type'] }} as varchar) as interaction_type,
    cast({{ values['occurred_at'] }} as timestamp) as occurred_at,
    cast({{ values['amount'] | default('null') }} as decimal(18, 4)) as amount,
    cast({{ values['currency'] | default('null') }} as varchar) as currency,
    {%- for column in ['product_id', 'campaign_id', 'experiment_id', 'variant', 'properties'] %}
    cast({{ values[column] | default('null') }} as varchar) as {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
