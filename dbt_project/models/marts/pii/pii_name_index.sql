{{ config(alias='name_index') }}
-- In the order of the term: a reader who wants one prefix opens one or two blocks.
with names as (
    select
        members.profile_id,
        records.given,
        records.family,
        records.native,
        records.organisation
    from {{ ref('stg_identity__names') }} as records
    inner join {{ ref('profile_members') }} as members on records.record_id = members.record_id
),

terms as (
    select profile_id, family || ' ' || given as term
    from names
    where family is not null and given is not null
    union
    select profile_id, given || ' ' || family as term
    from names
    where family is not null and given is not null
    union
    select profile_id, coalesce(given, family) as term
    from names
    where family is null or given is null
    union
    select profile_id, native as term
    from names
    union
    select profile_id, lower(organisation) as term
    from names
    union
    select profile_id, lower(full_name) as term
    from {{ ref('golden_record') }}
    union
    select profile_id, native_name as term
    from {{ ref('golden_record') }}
)

select
    term,
    profile_id
from terms
where term is not null and trim(term) <> ''
order by term, profile_id
