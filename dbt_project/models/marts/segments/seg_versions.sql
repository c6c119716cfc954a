{{ config(alias='definition_versions') }}
-- Which definition held on which days: half-open intervals by as-of day. With `members`, the size at the last run under
-- it, and `evaluated_at`, the day of the last evaluation, it is also what the next run knows of a segment.
with sizes as (
    select
        segment,
        count(*) as members
    from {{ ref('seg_current') }}
    group by segment
),

past as (
    select *
    from {{ ref('stg_history__segment_versions') }}
    -- Replaced on the day on which it began: it never held at the end of a day.
    where valid_from < coalesce(valid_to, date '9999-12-31')
),

held as (
    -- Definitions that were published and are no longer declared.
    select
        past.segment,
        past.definition_version,
        past.version,
        past.condition,
        past.exclusions,
        past.valid_from,
        coalesce(past.valid_to, {{ as_of_date() }}) as valid_to,
        past.evaluated_at,
        past.members
    from past
    left join {{ ref('seg_definition') }} as definitions
        on
            past.segment = definitions.segment
            and past.definition_version = definitions.definition_version
            and past.valid_to is null
    where definitions.segment is null
)

select
    segment,
    definition_version,
    version,
    condition,
    exclusions,
    valid_from,
    valid_to,
    evaluated_at,
    members
from held
where valid_from < valid_to

union all

select
    definitions.segment,
    definitions.definition_version,
    definitions.version,
    definitions.condition,
    definitions.exclusions,
    coalesce(past.valid_from, {{ as_of_date() }}),
    cast(null as date),
    case when schedule.is_due then {{ as_of_date() }} else schedule.previously_evaluated_at end,
    coalesce(sizes.members, 0)
from {{ ref('seg_definition') }} as definitions
inner join {{ ref('int_segment_schedule') }} as schedule on definitions.segment = schedule.segment
left join past
    on
        definitions.segment = past.segment
        and definitions.definition_version = past.definition_version
        and past.valid_to is null
left join sizes on definitions.segment = sizes.segment
