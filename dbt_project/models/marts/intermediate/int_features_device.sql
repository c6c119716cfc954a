{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id and remade.days in (0, 365)', ref('int_interaction_windows_changed')) }}"
) }}
-- One row per profile whose device told what it is, last 365 days.
-- depends_on: {{ ref('int_interaction_windows_changed') }}
select
    profile_id,
    arg_max(device, (n, device)) as preferred_device,
    cast(max(n) as double) / sum(n) as preferred_device_share,
    cast(coalesce(sum(n) filter (where device in ('mobile', 'ios', 'android')), 0) as double) / sum(n) as mobile_share,
    count(*) as devices_count
from (
    select
        profile_id,
        device,
        count(*) as n
    from {{ ref('int_interactions_profiled') }}
    where
        profile_id is not null
        and device is not null
        and device <> ''
        and {{ is_own_act('direction', 'interaction_type') }}
        and {{ within_days('occurred_at', 365) }}
        and {{ of_changed(ref('int_interaction_windows_changed'), 'changed.days in (0, 365)') }}
    group by profile_id, device
) as by_device
group by profile_id
