-- From when on the sessions of a visitor in a channel are made again: from the first session that the first changed act
-- could belong to. What came before it without a pause in between is in it, and a session knows nothing of later ones.
with acts as (
    select
        coalesce(profile_id, 'visitor:' || anonymous_id) as visitor_id,
        coalesce(channel, 'unknown') as channel,
        min(occurred_at) as changed_from
    from {{ ref('int_interactions_changed') }}
    where
        {{ is_own_act('direction', 'interaction_type') }}
        and touchpoint is not null
        and (profile_id is not null or anonymous_id is not null)
    group by 1, 2
)

{% if by_change() %}
{%- set before = this.incorporate(path={'identifier': 'int_sessions'}) %}
select
    acts.visitor_id,
    acts.channel,
    acts.changed_from,
    coalesce(least(min(sessions.started_at), acts.changed_from), acts.changed_from) as rebuilt_from
from acts
left join {{ ref('session_rules') }} as rules on acts.channel = rules.channel
left join {{ before }} as sessions
    on
        acts.visitor_id = sessions.visitor_id
        and acts.channel = sessions.channel
        and sessions.ended_at
        >= acts.changed_from - to_minutes(coalesce(rules.timeout_minutes, {{ var('session_timeout_minutes') }}))
group by acts.visitor_id, acts.channel, acts.changed_from
{% else %}
-- depends_on: {{ ref('session_rules') }}
select
    *,
    changed_from as rebuilt_from
from acts
{% endif %}
