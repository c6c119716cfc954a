-- Tickets with what they waited for, by the calendar and by the hours of the team, and whether a target was missed.
-- What happened after the as-of is unknown. A ticket still waiting is late once the time up to the as-of exceeds the
-- target; one that was closed without a reply waited for it until then. A reply before the question waited 0.
with tickets as (
    select
        tickets.*,
        coalesce(own.team, other.team) as team,
        coalesce(own.calendar, other.calendar) as calendar,
        tickets.created_at + {{ minutes_interval('tickets.first_reply_minutes') }} as replied_at,
        case
            when tickets.is_solved
                then coalesce(
                    tickets.solved_at, tickets.created_at + {{ minutes_interval('tickets.resolution_minutes') }}, tickets.created_at
                )
        end as closed_at
    from {{ ref('int_tickets_profiled') }} as tickets
    left join {{ ref('service_teams') }} as own on tickets.touchpoint = own.touchpoint
    left join {{ ref('service_teams') }} as other on other.touchpoint = '*'
),

known as (
    select
        * replace (
            case when replied_at < {{ as_of_end() }} then replied_at end as replied_at,
            case when closed_at < {{ as_of_end() }} then closed_at end as closed_at
        )
    from tickets
),

instants as (
    select ticket_id, calendar, 'created' as what, created_at as instant from known
    union all
    select ticket_id, calendar, 'replied', coalesce(replied_at, closed_at, {{ as_of_end() }}) from known
    union all
    select ticket_id, calendar, 'closed', coalesce(closed_at, {{ as_of_end() }}) from known
),

open_time as (
    select
        instants.ticket_id,
        instants.what,
        {{ business_seconds_until('instants.instant') }} as open_seconds
    from instants
    inner join {{ ref('int_business_calendar') }} as slices
        on instants.calendar = slices.calendar and cast(instants.instant as date) = slices.utc_date
    group by instants.ticket_id, instants.what
),

waits as (
    select
        ticket_id,
        greatest(max(open_seconds) filter (where what = 'replied') - max(open_seconds) filter (where what = 'created'), 0)
            as reply_seconds,
        greatest(max(open_seconds) filter (where what = 'closed') - max(open_seconds) filter (where what = 'created'), 0)
            as resolution_seconds
    from open_time
    group by ticket_id
),

targets as (
    select
        known.ticket_id,
        coalesce(exact.first_reply_minutes, by_channel.first_reply_minutes, by_priority.first_reply_minutes, rest.first_reply_minutes)
            as first_reply_target,
        coalesce(exact.resolution_minutes, by_channel.resolution_minutes, by_priority.resolution_minutes, rest.resolution_minutes)
            as resolution_target
    from known
    left join {{ ref('sla_targets') }} as exact on known.channel = exact.channel and known.priority = exact.priority
    left join {{ ref('sla_targets') }} as by_channel on known.channel = by_channel.channel and by_channel.priority = '*'
    left join {{ ref('sla_targets') }} as by_priority on by_priority.channel = '*' and known.priority = by_priority.priority
    left join {{ ref('sla_targets') }} as rest on rest.channel = '*' and rest.priority = '*'
),

measured as (
    select
        known.ticket_id,
        known.profile_id,
        known.source,
        coalesce(known.channel, 'unknown') as channel,
        coalesce(known.touchpoint, 'unknown') as queue,
        known.team,
        known.calendar,
        known.priority,
        known.created_at,
        known.replied_at,
        known.closed_at,
        known.reopens,
        known.replies,
        greatest(
            {{ seconds_between('known.created_at', 'coalesce(known.replied_at, known.closed_at, ' ~ as_of_end() ~ ')') }}, 0
        ) as reply_wait_seconds,
        greatest({{ seconds_between('known.created_at', 'coalesce(known.closed_at, ' ~ as_of_end() ~ ')') }}, 0)
            as resolution_wait_seconds,
        waits.reply_seconds as reply_wait_business_seconds,
        waits.resolution_seconds as resolution_wait_business_seconds,
        targets.first_reply_target,
        targets.resolution_target
    from known
    left join waits on known.ticket_id = waits.ticket_id
    left join targets on known.ticket_id = targets.ticket_id
)

select
    ticket_id,
    profile_id,
    source,
    channel,
    team,
    queue,
    calendar,
    priority,
    created_at,
    replied_at,
    closed_at,
    reopens,
    replies,
    cast(case when replied_at is not null then floor(reply_wait_seconds / 60) end as bigint) as first_reply_minutes,
    cast(case when replied_at is not null then floor(reply_wait_business_seconds / 60) end as bigint)
        as first_reply_business_minutes,
    cast(case when closed_at is not null then floor(resolution_wait_seconds / 60) end as bigint) as resolution_minutes,
    cast(case when closed_at is not null then floor(resolution_wait_business_seconds / 60) end as bigint)
        as resolution_business_minutes,
    first_reply_target,
    resolution_target,
    reply_wait_seconds > 60 * first_reply_target as is_first_reply_late,
    reply_wait_business_seconds > 60 * first_reply_target as is_first_reply_late_business,
    resolution_wait_seconds > 60 * resolution_target as is_resolution_late,
    resolution_wait_business_seconds > 60 * resolution_target as is_resolution_late_business
from measured
