-- The same person as each source knows them: for every attribute and pair of sources, how many people both know it of,
-- and for how many they disagree. Values are compared, never shown.
with views as (
    select * from {{ ref('int_consistency_views') }}
),

pairs as (
    select
        l.attribute,
        l.source as source_l,
        r.source as source_r,
        count(*) as profiles,
        count(*) filter (where not {{ shares_a_value('l.value_keys', 'r.value_keys') }}) as profiles_in_disagreement
    from views as l
    inner join views as r on l.profile_id = r.profile_id and l.attribute = r.attribute and l.source < r.source
    group by l.attribute, l.source, r.source
)

select
    attribute,
    source_l,
    source_r,
    profiles,
    profiles_in_disagreement,
    round(profiles_in_disagreement / cast(profiles as double), 6) as disagreement_share,
    round({{ wilson_lower('profiles_in_disagreement', 'profiles') }}, 6) as disagreement_low,
    round({{ wilson_upper('profiles_in_disagreement', 'profiles') }}, 6) as disagreement_high
from pairs
