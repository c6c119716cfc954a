-- Per person: how many attributes at least two sources know, and on which of them any two disagree. No values.
with views as (
    select * from {{ ref('int_consistency_views') }}
),

compared as (
    select
        l.profile_id,
        l.attribute,
        max(case when {{ shares_a_value('l.value_keys', 'r.value_keys') }} then 0 else 1 end) as is_disputed
    from views as l
    inner join views as r on l.profile_id = r.profile_id and l.attribute = r.attribute and l.source < r.source
    group by l.profile_id, l.attribute
)

select
    profile_id,
    count(*) as attributes_compared,
    cast(sum(is_disputed) as bigint) as attributes_disputed,
    list(attribute order by attribute) filter (where is_disputed = 1) as disputed
from compared
group by profile_id
