{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id and remade.is_changed', ref('int_consistency_changed')) }}"
) }}
-- Of each person and attribute every two sources that both know it, and whether they share a value.
-- depends_on: {{ ref('int_consistency_changed') }}
with views as (
    select *
    from {{ ref('int_consistency_views') }}
    {% if by_change() -%}
    where profile_id in (select changed.profile_id from {{ ref('int_consistency_changed') }} as changed where changed.is_changed)
    {%- endif %}
)

select
    l.profile_id,
    l.attribute,
    l.source as source_l,
    r.source as source_r,
    {{ shares_a_value('l.value_keys', 'r.value_keys') }} as is_shared
from views as l
inner join views as r on l.profile_id = r.profile_id and l.attribute = r.attribute and l.source < r.source
