{{ config(
    alias='consent',
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id and remade.is_changed', ref('int_consents_changed')) }}"
) }}
-- Per record and source the last word counts; across the records of one profile a denial wins. No row means that
-- nobody was asked, which is not a grant.
-- depends_on: {{ ref('int_consents_changed') }}
with latest as (
    select
        members.profile_id,
        consents.record_id,
        consents.purpose,
        consents.channel,
        consents.source,
        consents.state,
        consents.occurred_at
    from {{ ref('consents') }} as consents
    inner join {{ ref('profile_members') }} as members on consents.record_id = members.record_id
    where
        {{ known_by('consents.occurred_at') }}
        and {{ of_changed(ref('int_consents_changed'), 'changed.is_changed', 'members.profile_id') }}
    -- At the same instant a denial is the safer reading.
    qualify
        row_number() over (
            partition by consents.record_id, consents.purpose, consents.channel, consents.source
            order by consents.occurred_at desc, consents.state = 'denied' desc
        ) = 1
),

standing as (
    -- A deleted account takes its permission along, not its refusal.
    select latest.*
    from latest
    left join {{ ref('int_records_profiled') }} as live on latest.record_id = live.record_id
    where latest.state = 'denied' or live.record_id is not null
),

told as (
    select
        profile_id,
        purpose,
        channel,
        state,
        source,
        occurred_at
    from standing
    qualify
        row_number() over (
            partition by profile_id, purpose, channel
            order by state = 'denied' desc, occurred_at desc, source, record_id
        ) = 1
)

-- Whoever said no to every channel (channel '') has said no to each: a grant of one does not stand beside it.
select
    told.profile_id,
    told.purpose,
    told.channel,
    case when refused.profile_id is not null then refused.state else told.state end as state,
    case when refused.profile_id is not null then refused.source else told.source end as source,
    case when refused.profile_id is not null then refused.occurred_at else told.occurred_at end as occurred_at
from told
left join told as refused
    on
        told.profile_id = refused.profile_id
        and told.purpose = refused.purpose
        and told.channel <> ''
        and told.state = 'granted'
        and refused.channel = ''
        and refused.state = 'denied'
