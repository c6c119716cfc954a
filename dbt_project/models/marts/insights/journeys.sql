-- From one touchpoint to the next one of the same person within the look-back window. Several interactions in a row at
-- one touchpoint are one stop. What was only sent to the person is no stop.
with stops as (
    select
        profile_id,
        touchpoint,
        coalesce(channel, 'unknown') as channel,
        occurred_at,
        interaction_id,
        lag(touchpoint) over (
            partition by profile_id order by occurred_at, interaction_id
        ) is distinct from touchpoint as is_new_stop
    from {{ ref('int_interactions_profiled') }}
    where
        {{ is_own_act('direction', 'interaction_type') }}
        and touchpoint is not null
        and profile_id is not null
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

select
    touchpoint,
    min(channel) as channel,
    next_touchpoint,
    min(next_channel) as next_channel,
    count(*) as transitions,
    count(distinct profile_id) as profiles,
    round(quantile_cont(date_diff('second', occurred_at, next_at), 0.25) / 3600.0, 2) as p25_hours,
    round(median(date_diff('second', occurred_at, next_at)) / 3600.0, 2) as median_hours,
    round(quantile_cont(date_diff('second', occurred_at, next_at), 0.75) / 3600.0, 2) as p75_hours,
    round(count(*) / cast(sum(count(*)) over (partition by touchpoint) as double), 6) as share
from steps
where next_at <= occurred_at + interval {{ var('attribution_window_days') }} day
group by touchpoint, next_touchpoint
