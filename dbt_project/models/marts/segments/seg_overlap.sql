{{ config(alias='overlap') }}
-- Pairs of segments that share members, in both directions. Profiles with the same segments are counted once and then
-- multiplied: there are far fewer combinations than profiles.
with combinations as (
    select
        segments,
        count(*) as profiles
    from {{ ref('int_segment_evaluations') }}
    where segments <> ''
    group by segments
),

members as (
    select
        combinations.segments,
        combinations.profiles,
        member_of.name as segment
    from combinations
    {{ names_in('combinations.segments', 'member_of') }}
),

sizes as (
    select
        segment,
        sum(profiles) as members
    from members
    group by segment
),

pairs as (
    select
        one.segment as segment_a,
        other.segment as segment_b,
        sum(one.profiles) as members_both
    from members as one
    inner join members as other on one.segments = other.segments and one.segment <> other.segment
    group by one.segment, other.segment
)

select
    pairs.segment_a,
    pairs.segment_b,
    cast(pairs.members_both as bigint) as members_both,
    round(pairs.members_both / cast(sizes_a.members as double), 6) as share_of_a,
    round(
        pairs.members_both / cast(sizes_a.members + sizes_b.members - pairs.members_both as double), 6
    ) as jaccard
from pairs
inner join sizes as sizes_a on pairs.segment_a = sizes_a.segment
inner join sizes as sizes_b on pairs.segment_b = sizes_b.segment
