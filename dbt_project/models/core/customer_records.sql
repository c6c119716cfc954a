{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='differing', on_schema_change='fail',
    pre_hook="{{ keep_record_ids() }}"
) }}
with records as (
    select
        *,
        -- One name in Han characters is the native spelling, wherever it was typed.
        coalesce(
            native_name,
            case
                when {{ has_han('full_name') }} then full_name
                when {{ has_han("coalesce(family_name, '') || coalesce(given_name, '')") }}
                    then coalesce(family_name, '') || coalesce(given_name, '')
            end
        ) as any_native_name
    from {{ ref('int_records_unioned') }}
)

select
    records.record_id,
    records.source,
    records.object,
    records.native_id,
    case
        when
            {{ clean_text('records.organisation') }} is not null
            and coalesce(records.given_name, records.family_name, records.full_name) is null
            then 'organisation'
        else 'person'
    end as entity_type,
    nullif(records.given_name, '') as given_name,
    nullif(records.middle_name, '') as middle_name,
    nullif(records.family_name, '') as family_name,
    coalesce(
        nullif(records.full_name, ''),
        records.any_native_name,
        nullif(concat_ws(' ', nullif(records.given_name, ''), nullif(records.family_name, '')), '')
    ) as full_name,
    records.any_native_name as native_name,
    {{ clean_text('records.organisation') }} as organisation,
    {{ clean_text('records.birth_date') }} as birth_date,
    records.gender,
    {{ clean_text('records.street') }} as street,
    {{ clean_text('records.unit') }} as unit,
    {{ clean_text('records.locality') }} as locality,
    coalesce(regions.region, {{ clean_text('records.region') }}) as region,
    {{ clean_text('records.postcode') }} as postcode,
    coalesce(
        countries.country_code,
        case when length(trim(records.country)) = 2 then upper(trim(records.country)) end,
        {{ clean_text('records.country') }}
    ) as country,
    {{ clean_text('records.language') }} as language,
    -- Two letters that are no country (ZZ, EU) would leave every number without a country code unreadable.
    coalesce(countries.country_code, systems.default_region) as default_region,
    records.is_guest,
    records.created_at,
    records.updated_at,
    records.delivered_date,
    records.is_deleted
from records
inner join {{ ref('source_systems') }} as systems on records.source = systems.source
left join {{ ref('country_names') }} as countries on lower(trim(records.country)) = countries.name
-- One name for a state or province, whatever a system calls it; one in Han characters is nowhere but in China.
left join {{ ref('region_names') }} as regions
    on
        lower(trim(records.region)) = regions.name
        and (
            regions.country_code = coalesce(countries.country_code, systems.default_region)
            or {{ has_han('regions.name') }}
        )
