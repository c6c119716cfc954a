{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id and remade.is_changed', ref('int_consistency_changed')) }}"
) }}
-- Per person: how many attributes at least two sources know, and on which of them any two disagree. No values.
-- depends_on: {{ ref('int_consistency_changed') }}
with compared as (
    select
        profile_id,
        attribute,
        max(case when is_shared then 0 else 1 end) as is_disputed
    from {{ ref('int_consistency_pairs') }}
    {% if by_change() -%}
    where profile_id in (select changed.profile_id from {{ ref('int_consistency_changed') }} as changed where changed.is_changed)
    {% endif -%}
    group by profile_id, attribute
)

select
    profile_id,
    count(*) as attributes_compared,
    cast(sum(is_disputed) as bigint) as attributes_disputed,
    list(attribute order by attribute) filter (where is_disputed = 1) as disputed
from compared
group by profile_id
