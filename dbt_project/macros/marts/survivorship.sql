{# One ranking score of a candidate; greater is better for every rule. A position without a rule scores 0. #}
{% macro survivorship_score(rule) -%}
case {{ rule }}
    when 'validated' then cast(is_validated as integer)
    when 'source_priority' then -source_rank
    when 'frequency' then n_agreeing
    when 'recency' then epoch(updated_at)
    else 0
end
{%- endmacro %}

{# A birth date as DATE, or NULL when it is no plausible one. Day and month order follow the record's region. #}
{% macro parse_birth_date(column, region) -%}
coalesce(
    try_strptime({{ column }}, ['%Y-%m-%d', '%Y/%m/%d', '%Y.%m.%d', '%Y%m%d', '%Y年%m月%d日', '%Y-%m-%dT%H:%M:%SZ']),
    case
        when {{ region }} in ('US', 'CA', 'PH') then try_strptime({{ column }}, ['%m/%d/%Y', '%m-%d-%Y'])
        else try_strptime({{ column }}, ['%d/%m/%Y', '%d.%m.%Y', '%d-%m-%Y'])
    end,
    try_strptime({{ column }}, ['%d.%m.%Y', '%m/%d/%Y', '%d/%m/%Y'])
)
{%- endmacro %}
