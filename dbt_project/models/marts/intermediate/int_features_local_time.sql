{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_local_time_changed')) }}"
) }}
-- Habits by the clock on the wall of the profile's address; one row per profile with an act of its own in 12 months.
-- depends_on: {{ ref('int_local_time_changed') }}
with acts as (
    -- quarters of an hour first: fewer rows to convert, and no zone lies between them
    select
        timeline.profile_id,
        {{ utc_to_local(epoch_to_timestamp('timeline.quarter * 900'), 'zones.time_zone') }} as local_at,
        timeline.n,
        timeline.n_online
    from (
        select
            profile_id,
            cast(floor(epoch(occurred_at) / 900) as bigint) as quarter,
            count(*) as n,
            count(*) filter (where channel <> 'store') as n_online
        from {{ ref('pii_timeline') }}
        where
            {{ is_own_act('direction', 'interaction_type') }}
            and {{ within_days('occurred_at', 365) }}
            and {{ of_changed(ref('int_local_time_changed')) }}
        group by profile_id, quarter
    ) as timeline
    inner join {{ ref('int_profile_time_zones') }} as zones on timeline.profile_id = zones.profile_id
),

parts as (
    select
        profile_id,
        'hour' as part,
        hour(local_at) as value,
        sum(n) as n,
        sum(n_online) as n_online
    from acts
    group by profile_id, value
    union all
    select
        profile_id,
        'weekday' as part,
        isodow(local_at) as value,
        sum(n) as n,
        sum(n_online) as n_online
    from acts
    group by profile_id, value
),

daytimes as (
    select
        profile_id,
        arg_max(daytime, (n, daytime)) as preferred_daytime
    from (
        select
            profile_id,
            case
                when value between 5 and 11 then 'morning'
                when value between 12 and 16 then 'afternoon'
                when value between 17 and 21 then 'evening'
                else 'night'
            end as daytime,
            sum(n) as n
        from parts
        where part = 'hour'
        group by profile_id, daytime
    ) as by_daytime
    group by profile_id
)

select
    parts.profile_id,
    arg_max(parts.value, (parts.n, -parts.value)) filter (where parts.part = 'hour') as preferred_hour_local,
    arg_max(parts.value, (parts.n, -parts.value)) filter (where parts.part = 'weekday') as preferred_weekday_local,
    cast(coalesce(sum(parts.n) filter (where parts.part = 'weekday' and parts.value >= 6), 0) as double)
    / sum(parts.n) filter (where parts.part = 'weekday') as weekend_act_share,
    arg_max(parts.value, (parts.n_online, -parts.value)) filter (where parts.part = 'hour' and parts.n_online > 0)
        as online_hour_local,
    arg_max(parts.value, (parts.n_online, -parts.value)) filter (where parts.part = 'weekday' and parts.n_online > 0)
        as online_weekday_local,
    coalesce(sum(parts.n_online) filter (where parts.part = 'weekday'), 0) as online_acts,
    any_value(daytimes.preferred_daytime) as preferred_daytime
from parts
inner join daytimes on parts.profile_id = daytimes.profile_id
group by parts.profile_id
