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
)

select
    definitions.segment,
    {{ as_of_date() }} as as_of,
    coalesce(members.members, 0) as members,
    round(coalesce(members.members, 0) / nullif(cast(population.profiles as double), 0), 6) as share,
    coalesce(moves.entered, 0) as entered,
    coalesce(moves.exited, 0) as exited,
    cast(members.average_net_amount_12m as decimal(18, 2)) as average_net_amount_12m
from {{ ref('seg_definition') }} as definitions
cross join population
left join members on definitions.segment = members.segment
left join moves on definitions.segment = moves.segment
