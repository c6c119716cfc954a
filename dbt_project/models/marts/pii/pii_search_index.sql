{{ config(alias='search_index') }}
-- In the order of the term: a reader who wants one prefix opens one or two blocks. Identifiers that name one profile are
-- found through their keyed hash in the feature file; here are those that several share or nobody may trust.
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

doubtful as (
    select
        kind,
        namespace,
        value
    from {{ ref('pii_identifiers') }}
    where kind not in ('anonymous_id', 'device_id')
    group by kind, namespace, value
    -- several profiles: cheaper told than counted
    having min(profile_id) <> max(profile_id) or max(case when is_trusted then 1 else 0 end) = 0
),

terms as (
    select profile_id, 'name' as kind, family || ' ' || given as term
    from names
    where family is not null and given is not null
    union
    select profile_id, 'name' as kind, given || ' ' || family as term
    from names
    where family is not null and given is not null
    union
    select profile_id, 'name' as kind, coalesce(given, family) as term
    from names
    where family is null or given is null
    union
    select profile_id, 'name' as kind, native as term
    from names
    union
    select profile_id, 'name' as kind, lower(organisation) as term
    from names
    union
    select profile_id, 'name' as kind, lower(full_name) as term
    from {{ ref('golden_record') }}
    union
    select profile_id, 'name' as kind, native_name as term
    from {{ ref('golden_record') }}
    union
    select identifiers.profile_id, identifiers.kind, identifiers.value as term
    from {{ ref('pii_identifiers') }} as identifiers
    inner join doubtful
        on identifiers.kind = doubtful.kind
        and identifiers.namespace = doubtful.namespace
        and identifiers.value = doubtful.value
)

select
    term,
    kind,
    profile_id
from terms
where term is not null and trim(term) <> ''
order by term, profile_id, kind
