{{ config(alias='events') }}
-- Entries and exits as they were published: what changed between the members of the last snapshot and those of this one,
-- added at the end. An event is never taken back: who enters and leaves in two runs of one day has both. Under a retired
-- id stands what happened under it.
with past as (
    select events.*
    from {{ ref('stg_history__segment_events') }} as events
    left join {{ ref('stg_identity__profile_aliases') }} as aliases on events.profile_id = aliases.alias_profile_id
    where
        events.as_of > {{ as_of_date() }} - interval {{ var('segment_event_days') }} day
        -- Of an erased person only the last word stays for a while, so that subscribers let go of the id.
        and (
            aliases.alias_profile_id is null
            or aliases.profile_id is not null
            or (events.reason = 'erased' and events.as_of > {{ as_of_date() }} - interval {{ var('segment_erased_days') }} day)
        )
),

before as (
    select
        profile_id,
        segment,
        definition_version
    from {{ ref('stg_history__segment_membership') }}
    where exited_at is null
),

moves as (
    select
        coalesce(members.profile_id, before.profile_id) as profile_id,
        coalesce(members.segment, before.segment) as segment,
        case when before.profile_id is null then 'entered' else 'exited' end as event,
        before.definition_version as former_version
    from {{ ref('seg_current') }} as members
    full join before on members.profile_id = before.profile_id and members.segment = before.segment
    where members.profile_id is null or before.profile_id is null
),

touched as (
    -- A profile that merged and split at once counts as merged.
    select
        profile_id,
        min(cause) as cause
    from {{ ref('int_segment_profiles_touched') }}
    group by profile_id
),

explained as (
    select
        moves.profile_id,
        moves.segment,
        moves.event,
        case
            when aliases.alias_profile_id is not null and aliases.profile_id is null then 'erased'
            when aliases.alias_profile_id is not null then 'merged'
            when touched.cause is not null then touched.cause
            when schedule.segment is null or schedule.is_changed then 'definition'
            when live.profile_id is null then 'retired'
            else 'condition'
        end as reason,
        coalesce(schedule.definition_version, moves.former_version) as definition_version
    from moves
    left join {{ ref('stg_identity__profile_aliases') }} as aliases on moves.profile_id = aliases.alias_profile_id
    left join touched on moves.profile_id = touched.profile_id
    left join {{ ref('int_segment_schedule') }} as schedule on moves.segment = schedule.segment
    left join {{ ref('int_segment_evaluations') }} as live on moves.profile_id = live.profile_id
)

select
    cursor,
    profile_id,
    segment,
    event,
    as_of,
    reason,
    definition_version
from past

union all

select
    next_cursor.base + row_number() over (order by explained.segment, explained.profile_id),
    explained.profile_id,
    explained.segment,
    explained.event,
    {{ as_of_date() }},
    explained.reason,
    explained.definition_version
from explained
cross join (
    -- Numbers only grow, also where the last events are gone: each day begins a range of its own.
    select
        greatest(
            coalesce(max(events.cursor), 0),
            cast(date_diff('day', date '1970-01-01', {{ as_of_date() }}) as bigint) * 1000000000
        ) as base
    from {{ ref('stg_history__segment_events') }} as events
) as next_cursor
