{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_activity_changed')) }}"
) }}
-- One row per profile with at least one interaction. Habits come from what the person did; what was sent to them, or
-- what a mail program did for them, says nothing.
-- depends_on: {{ ref('int_activity_changed') }}
with timeline as (
    select *
    from {{ ref('pii_timeline') }}
    where {{ of_changed(ref('int_activity_changed')) }}
),

own_acts_12m as (
    select * from timeline
    where {{ is_own_act('direction', 'interaction_type') }} and {{ within_days('occurred_at', 365) }}
),

channels as (
    select
        profile_id,
        count(*) as channels_count,
        arg_max(channel, (n, channel)) as preferred_channel,
        max(n) as preferred_n,
        sum(n) as n_all
    from (select profile_id, channel, count(*) as n from own_acts_12m where channel is not null group by profile_id, channel)
    group by profile_id
),

hours as (
    select profile_id, arg_max(part, (n, -part)) as preferred_hour
    from (select profile_id, hour(occurred_at) as part, count(*) as n from own_acts_12m group by profile_id, part)
    group by profile_id
),

own_days_12m as (
    select profile_id, cast(occurred_at as date) as day, count(*) as n
    from own_acts_12m
    group by profile_id, day
),

days as (
    select
        profile_id,
        count(*) as days_active_12m,
        count(*) filter (where {{ within_days('cast(day as timestamp)', 30) }}) as days_active_30d
    from own_days_12m
    group by profile_id
),

weekdays as (
    select profile_id, arg_max(part, (n, -part)) as preferred_weekday
    from (select profile_id, isodow(day) as part, sum(n) as n from own_days_12m group by profile_id, part)
    group by profile_id
),

totals as (
    select
        profile_id,
        max(occurred_at) filter (where {{ is_own_act('direction', 'interaction_type') }}) as last_active_at,
        count(*) as interactions_total,
        count(*) filter (where {{ within_days('occurred_at', 30) }}) as interactions_30d,
        count(*) filter (
            where {{ is_page_view('interaction_type') }} and {{ within_days('occurred_at', 30) }}
        ) as page_views_30d,
        count(*) filter (
            where {{ is_product_view('interaction_type') }} and {{ within_days('occurred_at', 30) }}
        ) as product_views_30d,
        arg_max(product_id, (occurred_at, interaction_id)) filter (
            where {{ is_product_view('interaction_type') }} and product_id is not null
        ) as last_product_viewed_id,
        max(occurred_at) filter (where {{ is_product_view('interaction_type') }}) as last_product_viewed_at,
        count(distinct product_id) filter (
            where {{ is_product_view('interaction_type') }} and {{ within_days('occurred_at', 30) }}
        ) as products_viewed_30d,
        count(*) filter (
            where {{ is_own_act('direction', 'interaction_type') }} and {{ within_days('occurred_at', 7) }}
        ) as own_acts_7d,
        count(distinct touchpoint) filter (where {{ within_days('occurred_at', 365) }}) as touchpoints_12m
    from timeline
    group by profile_id
)

select
    totals.*,
    coalesce(days.days_active_30d, 0) as days_active_30d,
    coalesce(days.days_active_12m, 0) as days_active_12m,
    channels.channels_count,
    channels.preferred_channel,
    cast(channels.preferred_n as double) / channels.n_all as preferred_channel_share,
    {{ wilson_lower_bound('channels.preferred_n', 'channels.n_all') }} as preferred_channel_confidence,
    hours.preferred_hour,
    weekdays.preferred_weekday
from totals
left join channels on totals.profile_id = channels.profile_id
left join days on totals.profile_id = days.profile_id
left join hours on totals.profile_id = hours.profile_id
left join weekdays on totals.profile_id = weekdays.profile_id
