{# Trimmed text; NULL when nothing is left or when it is one of the fillers that systems write for "no value". #}
{% macro clean_text(column) -%}
    case
        when lower(trim({{ column }})) in ('', '-', '--', '.', 'null', 'none', 'undefined', 'n/a', 'na', 'unknown', '(not set)', 'no response', 'info requested')
            then null
        else trim({{ column }})
    end
{%- endmacro %}

{# A person's name: clean_text without the names that systems make up (callers, visitors, anonymous users). #}
{% macro clean_name(column) -%}
    case
        when lower(trim({{ column }})) in ('', '-', '--', '.', 'null', 'none', 'undefined', 'n/a', 'na', 'unknown', '(not set)', 'no response', 'info requested', 'anonymous', '匿名用户', '微信用户')
            or {{ regexp_like("lower(trim(" ~ column ~ "))", "^(caller \\+?[0-9]+|visitor [0-9]+)$") }}
            then null
        else trim({{ column }})
    end
{%- endmacro %}

{# The customer id of a web call, NULL for the placeholders that sites send when nobody is logged in. #}
{% macro known_user_id(column) -%}
    case
        when lower(trim({{ column }})) in ('', '0', '-1', 'null', 'none', 'nil', 'undefined', 'nan', 'false', 'true', 'no response', 'dummy-user-id', 'dummy', 'anonymous', 'guest', 'test', 'unknown', '(not set)', '[object object]')
            or trim({{ column }}) = '00000000-0000-0000-0000-000000000000'
            then null
        else trim({{ column }})
    end
{%- endmacro %}

{# Amount in major units from an integer in the currency's smallest unit. #}
{% macro from_minor_units(amount, currency) -%}
    try_cast({{ amount }} as decimal(18, 4)) / case when upper({{ currency }}) in ('JPY', 'KRW', 'VND', 'CLP') then 1 else 100 end
{%- endmacro %}
