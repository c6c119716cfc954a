{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_touch_windows_changed')) }}"
) }}
-- How many messages of campaigns a profile was sent on a channel in 12 months, and to how many it responded: a click on
-- the channel, or a coupon of the campaign redeemed anywhere.
-- depends_on: {{ ref('int_touch_windows_changed') }}
select
    profile_id,
    channel,
    count(*) as n_sent,
    count(*) filter (where is_clicked or is_redeemed) as n_responded
from (
    select
        profile_id,
        channel,
        bool_or(touch_type = 'sent') as is_sent,
        bool_or(touch_type = 'clicked') as is_clicked,
        bool_or(bool_or(touch_type = 'coupon_redeemed')) over (partition by profile_id, campaign_id) as is_redeemed
    from {{ ref('int_campaign_touches_profiled') }}
    where
        profile_id is not null and campaign_id is not null and {{ within_days('occurred_at', 365) }}
        and {{ of_changed(ref('int_touch_windows_changed')) }}
    group by profile_id, campaign_id, channel
) as messages
where is_sent
group by profile_id, channel
