-- Rows of int_campaign_touches_profiled that leave it and that join it in this build; a changed touch does both. Empty in a build of
-- everything.
-- depends_on: {{ ref('int_campaign_touches_days') }} {{ ref('int_members_changed') }}
{% if by_change() %}
{%- set before = this.incorporate(path={'identifier': 'int_campaign_touches_profiled'}) %}
with days as (
    select touched_on from {{ ref('int_campaign_touches_days') }} where is_changed
),

candidates as (
    select *
    from {{ ref('campaign_touches') }}
    where
        cast(occurred_at as date) in (select days.touched_on from days)
        or record_id in (
            select members.record_id from {{ ref('int_members_changed') }} as members
            where members.profile_id is distinct from members.profile_id_before
        )
),

remade as (
    {{ campaign_touches_profiled('candidates') }}
),

kept as (
    select *
    from {{ before }}
    where
        cast(occurred_at as date) in (select days.touched_on from days)
        or touch_id in (select candidates.touch_id from candidates)
)

{{ row_changes('remade', 'kept') }}
{% else %}
select
    *,
    true as is_added
from ({{ campaign_touches_profiled(ref('campaign_touches')) }}) as nothing
where false
{% endif %}
