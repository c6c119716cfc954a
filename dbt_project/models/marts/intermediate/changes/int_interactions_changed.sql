-- Rows of int_interactions_profiled that leave it and that join it in this build; a changed one does both. Empty in a
-- build of everything.
-- depends_on: {{ ref('int_interactions_days') }} {{ ref('int_members_changed') }} {{ ref('int_links_changed') }}
{% if by_change() %}
{%- set before = this.incorporate(path={'identifier': 'int_interactions_profiled'}) %}
with days as (
    select occurred_on from {{ ref('int_interactions_days') }} where is_changed
),

candidates as (
    select *
    from {{ ref('interactions') }}
    where
        cast(occurred_at as date) in (select days.occurred_on from days)
        or record_id in (
            select members.record_id from {{ ref('int_members_changed') }} as members
            where members.profile_id is distinct from members.profile_id_before
        )
        or anonymous_id in (select links.anonymous_id from {{ ref('int_links_changed') }} as links where links.is_changed)
),

remade as (
    {{ interactions_profiled('candidates') }}
),

kept as (
    select *
    from {{ before }}
    where
        cast(occurred_at as date) in (select days.occurred_on from days)
        or interaction_id in (select candidates.interaction_id from candidates)
)

{{ row_changes('remade', 'kept') }}
{% else %}
select
    *,
    true as is_added
from ({{ interactions_profiled(ref('interactions')) }}) as nothing
where false
{% endif %}
