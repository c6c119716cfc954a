-- The same person as each source knows them: for every attribute and pair of sources, how many people both know it of,
-- and for how many they disagree. Values are compared, never shown.
with pairs as (
    select
        attribute,
        source_l,
        source_r,
        count(*) as profiles,
        count(*) filter (where not is_shared) as profiles_in_disagreement
    from {{ ref('int_consistency_pairs') }}
    group by attribute, source_l, source_r
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
