-- From when on the stops of a person are made again: from the last stop before the first changed act, whose next one may
-- be another now. To see whether it is a stop, the one before it is read, too.
with acts as (
    select
        profile_id,
        min(occurred_at) as changed_from
    from {{ ref('int_interactions_changed') }}
    where {{ is_own_act('direction', 'interaction_type') }} and touchpoint is not null and profile_id is not null
    group by profile_id
)

{% if by_change() %}
{%- set before = this.incorporate(path={'identifier': 'int_journey_steps'}) %}
, stops as (
    select
        acts.profile_id,
        steps.occurred_at,
        row_number() over (partition by acts.profile_id order by steps.occurred_at desc) as place
    from acts
    inner join (select distinct profile_id, occurred_at from {{ before }}) as steps
        on acts.profile_id = steps.profile_id and steps.occurred_at < acts.changed_from
)

select
    acts.profile_id,
    coalesce(last_stop.occurred_at, acts.changed_from) as rebuilt_from,
    coalesce(one_before.occurred_at, last_stop.occurred_at, acts.changed_from) as read_from
from acts
left join stops as last_stop on acts.profile_id = last_stop.profile_id and last_stop.place = 1
left join stops as one_before on acts.profile_id = one_before.profile_id and one_before.place = 2
{% else %}
select
    profile_id,
    changed_from as rebuilt_from,
    changed_from as read_from
from acts
{% endif %}
