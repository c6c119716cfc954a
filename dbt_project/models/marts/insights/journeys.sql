-- From one touchpoint to the next one of the same person (int_journey_steps) within the look-back window.
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
from {{ ref('int_journey_steps') }}
where next_at <= occurred_at + interval {{ var('attribution_window_days') }} day
group by touchpoint, next_touchpoint
