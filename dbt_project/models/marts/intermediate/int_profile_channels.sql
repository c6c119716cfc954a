{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_channels_changed')) }}"
) }}
-- Channels of the last 365 days of each profile, by `basis`: those it was in touch through (`contact`), and those it
-- bought in (`purchase`).
-- depends_on: {{ ref('int_channels_changed') }}
with used as (
    select
        'contact' as basis,
        profile_id,
        channel
    from {{ ref('int_interactions_profiled') }}
    where
        {{ is_own_act('direction', 'interaction_type') }}
        and profile_id is not null
        and channel is not null
        and channel not in ('survey', 'review')
        and {{ within_days('occurred_at', 365) }}
        and {{ of_changed(ref('int_channels_changed')) }}

    union

    select
        'purchase',
        profile_id,
        channel
    from {{ ref('int_orders_profiled') }} as sales
    where
        profile_id is not null
        and {{ is_sale('sales') }}
        and channel is not null
        and {{ within_days('ordered_at', 365) }}
        and {{ of_changed(ref('int_channels_changed')) }}
),

kinds as (
    select
        channel,
        min(kind) as kind
    from {{ ref('touchpoints') }}
    group by channel
)

select
    used.basis,
    used.profile_id,
    count(*) as channels,
    string_agg(used.channel, ' + ' order by used.channel) as combination,
    string_agg(distinct coalesce(kinds.kind, 'unknown'), ' + ' order by coalesce(kinds.kind, 'unknown')) as kinds
from used
left join kinds on used.channel = kinds.channel
group by used.basis, used.profile_id
