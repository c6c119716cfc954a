-- Openings of each business calendar in UTC, from the day before the first ticket to the as-of, cut at UTC midnight.
-- How to read it: macros/marts/business_time.sql.
with bounds as (
    select
        cast(coalesce(min(created_at), {{ as_of_end() }}) as date) - 1 as first_day,
        {{ as_of_date() }} + 2 as last_day
    from {{ ref('int_tickets_profiled') }}
),

days as (
    {{ day_series('(select first_day from bounds)', '(select last_day from bounds)') }}
),

calendars as (
    select
        calendar,
        min(country) as country,
        min(timezone) as timezone
    from {{ ref('business_hours') }}
    group by calendar
),

working as (
    select
        calendars.calendar,
        calendars.timezone,
        days.day,
        -- A make-up workday has a Monday's hours, a holiday none.
        case
            when holidays.is_workday then 1
            when holidays.is_workday is null then {{ iso_weekday('days.day') }}
        end as weekday
    from calendars
    cross join days
    left join {{ ref('holidays') }} as holidays on calendars.country = holidays.country and days.day = holidays.day
),

openings as (
    select
        working.calendar,
        {{ local_minute_to_utc('working.day', 'hours.opens_minute', 'working.timezone') }} as starts_at,
        {{ local_minute_to_utc('working.day', 'hours.closes_minute', 'working.timezone') }} as ends_at
    from working
    inner join {{ ref('business_hours') }} as hours
        on working.calendar = hours.calendar and working.weekday = hours.weekday
),

-- An opening reaches over at most one UTC midnight, as it lasts a local day at most, or 25 hours when clocks go back.
slices as (
    select
        calendar,
        starts_at,
        least(ends_at, cast(cast(starts_at as date) + 1 as timestamp)) as ends_at
    from openings
    union all
    select
        calendar,
        cast(cast(starts_at as date) + 1 as timestamp),
        least(ends_at, cast(cast(starts_at as date) + 2 as timestamp))
    from openings
    where ends_at > cast(cast(starts_at as date) + 1 as timestamp)
    union all
    select
        calendar,
        cast(cast(starts_at as date) + 2 as timestamp),
        ends_at
    from openings
    where ends_at > cast(cast(starts_at as date) + 2 as timestamp)
    union all
    select
        calendars.calendar,
        cast(days.day as timestamp),
        cast(days.day as timestamp)
    from calendars
    cross join days
)

select
    calendar,
    cast(starts_at as date) as utc_date,
    starts_at,
    ends_at,
    coalesce(
        sum({{ seconds_between('starts_at', 'ends_at') }}) over (
            partition by calendar order by starts_at, ends_at
            rows between unbounded preceding and 1 preceding
        ), 0
    ) as seconds_before
from slices
