{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade(
        'kept.profile_id = remade.profile_id and kept.occurred_at >= remade.rebuilt_from', ref('int_journeys_changed')
    ) }}"
) }}
-- Stops of known people at touchpoints with the stop that follows; several interactions in a row at one touchpoint are one
-- stop. What was only sent to the person is no stop. One row per stop.
-- depends_on: {{ ref('int_journeys_changed') }}
with stops as (
    select
        interactions.profile_id,
        interactions.touchpoint,
        coalesce(interactions.channel, 'unknown') as channel,
        interactions.occurred_at,
        interactions.interaction_id,
        lag(interactions.touchpoint) over (
            partition by interactions.profile_id order by interactions.occurred_at, interactions.interaction_id
        ) is distinct from interactions.touchpoint as is_new_stop
    from {{ ref('int_interactions_profiled') }} as interactions
    {% if by_change() -%}
    inner join {{ ref('int_journeys_changed') }} as changed
        on interactions.profile_id = changed.profile_id and interactions.occurred_at >= changed.read_from
    {% endif -%}
    where
        {{ is_own_act('interactions.direction', 'interactions.interaction_type') }}
        and interactions.touchpoint is not null
        and interactions.profile_id is not null
),

steps as (
    select
        profile_id,
        touchpoint,
        channel,
        occurred_at,
        lead(touchpoint) over (ordered) as next_touchpoint,
        lead(channel) over (ordered) as next_channel,
        lead(occurred_at) over (ordered) as next_at
    from stops
    where is_new_stop
    window ordered as (partition by profile_id order by occurred_at, interaction_id)
)

select steps.*
from steps
{% if by_change() -%}
inner join {{ ref('int_journeys_changed') }} as changed
    on steps.profile_id = changed.profile_id and steps.occurred_at >= changed.rebuilt_from
{% endif -%}
