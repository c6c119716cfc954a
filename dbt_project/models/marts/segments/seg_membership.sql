{{ config(alias='membership') }}
-- Half-open intervals [entered_at, exited_at). The history is that of the snapshot published last; what overlaps or
-- touches after ids merged becomes one interval with the earliest entry, so nobody is counted twice and a rerun of
-- the same day finds its own result unchanged. A part of a split goes on with the open intervals of the profile it came
-- from, in the segments that it is in by itself; what was closed before stays with the id under which it was published.
with own_history as (
    select
        -- An erased id has an alias row without a profile and leaves no trace.
        case when aliases.alias_profile_id is null then past.profile_id else aliases.profile_id end as profile_id,
        past.segment,
        past.entered_at,
        -- For a run before the published as-of the later exit has not happened yet.
        case when past.exited_at <= {{ as_of_date() }} then past.exited_at end as exited_at,
        past.definition_version
    from {{ ref('stg_history__segment_membership') }} as past
    left join {{ ref('stg_identity__profile_aliases') }} as aliases on past.profile_id = aliases.alias_profile_id
    where past.entered_at <= {{ as_of_date() }}
),

parts as (
    select distinct
        profile_id,
        origin_profile_id
    from {{ ref('int_segment_profiles_touched') }}
    where origin_profile_id is not null
),

history as (
    select *
    from own_history

    union all

    select
        parts.profile_id,
        past.segment,
        past.entered_at,
        cast(null as date),
        past.definition_version
    from {{ ref('stg_history__segment_membership') }} as past
    inner join parts on past.profile_id = parts.origin_profile_id
    inner join {{ ref('seg_current') }} as members
        on parts.profile_id = members.profile_id and past.segment = members.segment
    where past.exited_at is null and past.entered_at <= {{ as_of_date() }}
),

continued as (
    select
        history.profile_id,
        history.segment,
        history.entered_at,
        history.exited_at,
        history.definition_version,
        members.profile_id is not null as is_member
    from history
    left join {{ ref('seg_current') }} as members
        on history.profile_id = members.profile_id and history.segment = members.segment
    where history.profile_id is not null

    union all

    -- Each member offers an interval that starts today; it melts into one that is open or ended today.
    select
        members.profile_id,
        members.segment,
        {{ as_of_date() }},
        null,
        definitions.definition_version,
        true
    from {{ ref('seg_current') }} as members
    inner join {{ ref('seg_definition') }} as definitions on members.segment = definitions.segment
),

ended as (
    select
        profile_id,
        segment,
        entered_at,
        coalesce(
            case when exited_at is not null then exited_at when not is_member then {{ as_of_date() }} end, date '9999-12-31'
        ) as sort_end,
        definition_version
    from continued
),

-- Where the first interval is the only one, or still open, there is one island; nearly always, so that few are sorted.
grouped as (
    select
        profile_id,
        segment,
        min(entered_at) as entered_at,
        max(sort_end) as sort_end,
        -- The definition under which the interval began; a later change of the condition shows in segments.definition.
        arg_min(definition_version, (entered_at, sort_end, definition_version)) as definition_version,
        count(*) = 1
        or coalesce(min(entered_at) = min(case when sort_end = date '9999-12-31' then entered_at end), false) as is_island
    from ended
    group by profile_id, segment
),

islands as (
    select
        *,
        sum(cast(starts_island as integer)) over (
            partition by profile_id, segment order by entered_at, sort_end, definition_version rows unbounded preceding
        ) as island
    from (
        select
            *,
            coalesce(
                entered_at > max(sort_end) over (
                    partition by profile_id, segment
                    order by entered_at, sort_end, definition_version
                    rows between unbounded preceding and 1 preceding
                ),
                true
            ) as starts_island
        from (
            -- Ids that merged may bring the very same interval; without twins the order is total.
            select distinct ended.*
            from ended
            inner join grouped on ended.profile_id = grouped.profile_id and ended.segment = grouped.segment
            where not grouped.is_island
        ) as several
    ) as marked
)

select
    profile_id,
    segment,
    entered_at,
    nullif(sort_end, date '9999-12-31') as exited_at,
    definition_version
from grouped
-- Entered and left on the same day, in two runs of it: never a member at the end of any day.
where is_island and entered_at < sort_end

union all

select
    profile_id,
    segment,
    min(entered_at),
    nullif(max(sort_end), date '9999-12-31'),
    arg_min(definition_version, (entered_at, sort_end, definition_version))
from islands
group by profile_id, segment, island
having min(entered_at) < max(sort_end)
