{{ config(
    alias='search_index',
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_terms_changed')) }}"
) }}
-- Identifiers that name one profile are found through their keyed hash in the feature file; here are those that several
-- share or nobody may trust. The published table lies in the order of the term (profiles/publish_tables.py).
-- depends_on: {{ ref('int_terms_changed') }}
with names as (
    select
        members.profile_id,
        records.given,
        records.family,
        records.native,
        records.organisation
    from {{ ref('int_names') }} as records
    inner join {{ ref('profile_members') }} as members on records.record_id = members.record_id
    where {{ of_changed(ref('int_terms_changed'), column='members.profile_id') }}
),

golden as (
    select
        profile_id,
        full_name,
        native_name
    from {{ ref('golden_record') }}
    where {{ of_changed(ref('int_terms_changed')) }}
),

identifiers as (
    select
        profile_id,
        kind,
        namespace,
        value,
        is_trusted
    from {{ ref('pii_identifiers') }}
    where kind not in ('anonymous_id', 'device_id')
),

doubtful as (
    select
        kind,
        namespace,
        value
    from identifiers
    {% if by_change() -%}
    where
        (kind, namespace, value) in (
            select (held.kind, held.namespace, held.value)
            from identifiers as held
            where {{ of_changed(ref('int_terms_changed'), column='held.profile_id') }}
        )
    {% endif -%}
    group by kind, namespace, value
    -- several profiles: cheaper told than counted
    having min(profile_id) <> max(profile_id) or max(case when is_trusted then 1 else 0 end) = 0
),

terms as (
    select profile_id, 'name' as kind, family || ' ' || given as term
    from names
    where family is not null and given is not null
    union all
    select profile_id, 'name' as kind, given || ' ' || family as term
    from names
    where family is not null and given is not null
    union all
    select profile_id, 'name' as kind, coalesce(given, family) as term
    from names
    where family is null or given is null
    union all
    select profile_id, 'name' as kind, native as term
    from names
    union all
    select profile_id, 'name' as kind, lower(organisation) as term
    from names
    union all
    select profile_id, 'name' as kind, lower(full_name) as term
    from golden
    union all
    select profile_id, 'name' as kind, native_name as term
    from golden
    union all
    select identifiers.profile_id, identifiers.kind, identifiers.value as term
    from identifiers
    inner join doubtful
        on identifiers.kind = doubtful.kind
        and identifiers.namespace = doubtful.namespace
        and identifiers.value = doubtful.value
    where {{ of_changed(ref('int_terms_changed'), column='identifiers.profile_id') }}
)

select distinct
    term,
    kind,
    profile_id
from terms
where term is not null and trim(term) <> ''
