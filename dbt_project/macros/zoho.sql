{#
    The newest version's value of a column, or the last one known where that version cannot speak of it: a JSON record
    without the member (not asked for; null would mean empty), or a CSV export without the column. For use on
    latest_by_key(…, keep=[column]) with `present_keys`.
#}
{% macro known_value(column, key, in_csv=true) -%}
    case
        when present_keys not like '%|{{ key }}|%'{% if not in_csv %} or _file like '%.csv%'{% endif %}
            then coalesce({{ column }}, _kept_{{ column }})
        else {{ column }}
    end
{%- endmacro %}
