{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_golden_changed')) }}"
) }}
-- depends_on: {{ ref('int_golden_changed') }}
with records as (
    select
        profile_id,
        count(*) as n_records,
        count(distinct source) as n_sources,
        min(created_at) as first_seen_at,
        max(updated_at) as last_seen_at
    from {{ ref('int_records_profiled') }}
    {% if by_change() -%}
    where profile_id in (select changed.profile_id from {{ ref('int_golden_changed') }} as changed)
    {% endif -%}
    group by profile_id
),

winners as (
    select
        profile_id,
        max(record_id) filter (where attribute = 'name') as name_record_id,
        max(record_id) filter (where attribute = 'address') as address_record_id,
        max(value) filter (where attribute = 'native_name') as native_name,
        cast(max(value) filter (where attribute = 'birth_date') as date) as birth_date,
        max(value) filter (where attribute = 'gender') as gender,
        max(value) filter (where attribute = 'email') as email,
        max(value) filter (where attribute = 'phone') as phone,
        max(value) filter (where attribute = 'language') as language,
        max(value) filter (where attribute = 'organisation') as organisation
    from {{ ref('int_survivorship_winners') }}
    {% if by_change() -%}
    where profile_id in (select changed.profile_id from {{ ref('int_golden_changed') }} as changed)
    {% endif -%}
    group by profile_id
)

select
    records.profile_id,
    names.given_name,
    names.family_name,
    case
        when names.given_name is null or names.family_name is null
            then coalesce(names.full_name, names.given_name, names.family_name)
        when regexp_matches(names.given_name || names.family_name, '[\x{4e00}-\x{9fff}]')
            then names.family_name || names.given_name
        else names.given_name || ' ' || names.family_name
    end as full_name,
    winners.native_name,
    winners.birth_date,
    winners.gender,
    winners.email,
    winners.phone,
    addresses.street,
    addresses.unit,
    addresses.locality,
    addresses.region,
    addresses.postcode,
    addresses.country,
    winners.language,
    winners.organisation,
    records.n_records,
    records.n_sources,
    least(records.first_seen_at, activity.first_seen_at) as first_seen_at,
    greatest(records.last_seen_at, activity.last_seen_at) as last_seen_at
from records
left join winners on records.profile_id = winners.profile_id
left join {{ ref('int_records_profiled') }} as names on winners.name_record_id = names.record_id
left join {{ ref('int_records_profiled') }} as addresses on winners.address_record_id = addresses.record_id
left join {{ ref('int_profiles_seen') }} as activity on records.profile_id = activity.profile_id
