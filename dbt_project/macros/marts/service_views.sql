{# The dimensions of a view of insights.service_kpis: [period, [dimensions that are told apart]]. #}
{%- macro service_view_columns(view) %}
        '{{ view[0] }}' as period,
        {%- for dimension in ['channel', 'team', 'queue', 'segment'] %}
        {{ dimension if dimension in view[1] else "'all'" }} as {{ dimension }},
        {%- endfor %}
{%- endmacro %}

{# From the relation, once per segment of the person where the view tells segments apart. #}
{%- macro service_in_view(relation, view) %}
    from {{ relation }}
    {%- if 'segment' in view[1] %}
    inner join {{ ref('seg_current') }} as members on {{ relation }}.profile_id = members.profile_id
    {%- endif %}
{%- endmacro %}
