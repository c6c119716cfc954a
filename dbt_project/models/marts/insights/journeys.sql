-- From one touchpoint to the next one of the same person within 30 days. Several interactions in a row at one
-- touchpoint are one stop. What was only sent to the person is no stop.
with stops as (
    select
        profile_id,
        touchpoint,
        occurred_at,
        interaction_id,
        lag(touchpoint) over (
            partition by profile_id order by occurred_at, interaction_id
        ) is distinct from touchpoint as is_new_stop
    from {{ ref('pii_timeline') }}
    where {{ is_own_act('direction', 'interaction_type') }} and touchpoint is not null
),

steps as (
    select
        profile_id,
        touchpoint,
        occurred_at,
        lead(touchpoint) over (ordered) as next_touchpoint,
        lead(occurred_at) over (ordered) as next_at
    from stops
    where is_new_stop
    window ordered as (partition by profile_id order by occurred_at, interaction_id)
)

select
    touchpoint,
    next_touchpoint,
    count(*) as transitions,
    count(distinct profile_id) as profiles,
    round(median(date_diff('second', occurred_at, next_at)) / 3600.0, 2) as median_hours,
    round(count(*) / cast(sum(count(*)) over (partition by touchpoint) as double), 6) as share
from steps
where next_at <= occurred_at + interval 30 day
group by touchpoint, next_touchpoint
