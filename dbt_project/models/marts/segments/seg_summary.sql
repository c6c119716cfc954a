{{ config(alias='summary') }}
with members as (
    select
        members.segment,
        count(*) as members,
        avg(features.net_amount_12m) as average_net_amount_12m
    from {{ ref('seg_current') }} as members
    inner join {{ ref('profile_features') }} as features on members.profile_id = features.profile_id
    group by members.segment
),

moves as (
    select
        segment,
        count(*) filter (where entered_at = {{ as_of_date() }}) as entered,
        count(*) filter (where exited_at = {{ as_of_date() }}) as exited
    from {{ ref('seg_membership') }}
    group by segment
),

population as (
    select count(*) as profiles from {{ ref('profile_features') }}
),

sizes as (
    select
        definitions.*,
        coalesce(members.members, 0) as members,
        round(coalesce(members.members, 0) / nullif(cast(population.profiles as double), 0), 6) as share,
        coalesce(moves.entered, 0) as entered,
        coalesce(moves.exited, 0) as exited,
        cast(members.average_net_amount_12m as decimal(18, 2)) as average_net_amount_12m,
        schedule.previous_members,
        -- A changed definition is expected to change the size: `cdp segment preview` shows by how much.
        case
            when
                not schedule.is_changed
                and greatest(coalesce(members.members, 0), schedule.previous_members) >= definitions.change_from
                then round(
                    abs(coalesce(members.members, 0) - schedule.previous_members)
                    / cast(greatest(schedule.previous_members, 1) as double), 6
                )
        end as change
    from {{ ref('seg_definition') }} as definitions
    cross join population
    inner join {{ ref('int_segment_schedule') }} as schedule on definitions.segment = schedule.segment
    left join members on definitions.segment = members.segment
    left join moves on definitions.segment = moves.segment
)

select
    segment,
    {{ as_of_date() }} as as_of,
    members,
    share,
    entered,
    exited,
    average_net_amount_12m,
    previous_members,
    change,
    case
        when change > max_change
            then
                segment || ' has ' || members || ' members after ' || previous_members || ': a change of '
                || cast(round(100 * change) as bigint) || ' %, its bound is '
                || cast(round(100 * max_change) as bigint) || ' %'
        when share > max_share
            then
                segment || ' has ' || members || ' members, ' || round(100 * share, 2)
                || ' % of all profiles; its upper bound is ' || round(100 * max_share, 2) || ' %'
        when share < min_share
            then
                segment || ' has ' || members || ' members, ' || round(100 * share, 2)
                || ' % of all profiles; its lower bound is ' || round(100 * min_share, 2) || ' %'
    end as breach
from sizes
