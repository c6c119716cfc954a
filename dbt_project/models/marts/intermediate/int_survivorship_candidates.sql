{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id and remade.is_changed', ref('int_records_changed')) }}"
) }}
-- One row per value that a live record offers for an attribute. Sets (name, address) stay whole: the value is the
-- record itself. `value_key` says which candidates agree; `is_validated` says whether the value is plausible.
-- depends_on: {{ ref('int_records_changed') }}
with records as (
    select
        *,
        regexp_matches(concat_ws('', given_name, family_name, full_name), '[\x{4e00}-\x{9fff}]') as is_han_name
    from {{ ref('int_records_profiled') }}
    {% if by_change() -%}
    where profile_id in (select changed.profile_id from {{ ref('int_records_changed') }} as changed where changed.is_changed)
    {%- endif %}
),

identifiers as (
    select
        records.profile_id,
        identifiers.kind as attribute,
        records.record_id,
        records.source,
        identifiers.value as value_key,
        identifiers.value,
        case identifiers.kind
            when 'email' then identifiers.value like '%_@_%.%'
            else regexp_full_match(identifiers.value, '\+[0-9]{7,15}')
        end as is_validated,
        coalesce(identifiers.last_seen_at, records.updated_at) as updated_at
    from records
    inner join {{ ref('stg_identity__record_identifiers') }} as identifiers
        on records.record_id = identifiers.record_id
    where
        identifiers.kind in ('email', 'phone')
        and identifiers.is_trusted
        and identifiers.value is not null
),

attributes as (
    select
        profile_id,
        'name' as attribute,
        record_id,
        source,
        lower(coalesce(given_name || '|' || family_name, full_name, given_name, family_name)) as value_key,
        cast(null as varchar) as value,
        -- Both parts, no digit or sign in them, longer than initials and not typed all in one case.
        coalesce(
            given_name is not null and family_name is not null
            and not regexp_matches(given_name || family_name, '[0-9@#_*?]')
            and (
                is_han_name
                or (
                    length(given_name) > 1 and given_name not like '_.'
                    and given_name || family_name <> lower(given_name || family_name)
                    and given_name || family_name <> upper(given_name || family_name)
                )
            ),
            false
        ) as is_validated,
        updated_at
    from records
    where coalesce(given_name, family_name, full_name) is not null

    union all

    select
        profile_id,
        'native_name',
        record_id,
        source,
        coalesce(native_name, case when family_name is null then full_name end, family_name || given_name, full_name),
        coalesce(native_name, case when family_name is null then full_name end, family_name || given_name, full_name),
        length(coalesce(native_name, full_name, family_name || given_name)) between 2 and 6,
        updated_at
    from records
    where native_name is not null or is_han_name

    union all

    select
        profile_id,
        'birth_date',
        record_id,
        source,
        cast(birth_date as varchar),
        cast(birth_date as varchar),
        -- 1900-01-01 and 1970-01-01 are what forms and epochs default to.
        birth_date > date '1900-01-01' and birth_date <> date '1970-01-01' and {{ known_by('birth_date') }},
        updated_at
    from records
    where birth_date is not null and {{ known_by('birth_date') }}

    union all

    select
        profile_id,
        'gender',
        record_id,
        source,
        gender,
        gender,
        true,
        updated_at
    from records
    where gender in ('female', 'male')

    union all

    select
        profile_id,
        'address',
        record_id,
        source,
        regexp_replace(
            lower(concat_ws('|', street, unit, locality, region, postcode, country)), '[\s.,#-]', '', 'g'
        ),
        null,
        street is not null and (postcode is not null or locality is not null),
        updated_at
    from records
    where coalesce(street, locality, region, postcode, country) is not null

    union all

    select
        profile_id,
        'language',
        record_id,
        source,
        lower(replace(language, '_', '-')),
        lower(replace(language, '_', '-')),
        true,
        updated_at
    from records
    where language is not null

    union all

    select
        profile_id,
        'organisation',
        record_id,
        source,
        lower(organisation),
        organisation,
        true,
        updated_at
    from records
    where organisation is not null
)

select * from attributes
union all
select * from identifiers
