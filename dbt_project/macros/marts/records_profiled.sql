{# Hash of all that int_records_profiled is told by of a record, as it comes: cheaper to compare than what is made of it. #}
{% macro record_hash(alias) -%}
    {%- set columns = [] -%}
    {%- for column in [
        'record_id', 'source', 'object', 'entity_type', 'given_name', 'family_name', 'full_name', 'native_name', 'organisation',
        'birth_date', 'gender', 'street', 'unit', 'locality', 'region', 'postcode', 'country', 'default_region', 'language',
        'is_guest', 'created_at', 'updated_at', 'delivered_date'
    ] -%}
        {%- do columns.append(alias ~ '.' ~ column) -%}
    {%- endfor -%}
    {{ return(row_hash(columns)) }}
{%- endmacro %}

{# Records of `relation` (the columns of core.customer_records) that may speak for a profile, with the profile they belong to. #}
{% macro records_profiled(relation) -%}
select
    members.profile_id,
    records.record_id,
    records.source,
    records.object,
    records.entity_type,
    nullif(trim(records.given_name), '') as given_name,
    nullif(trim(records.family_name), '') as family_name,
    nullif(trim(records.full_name), '') as full_name,
    nullif(trim(records.native_name), '') as native_name,
    nullif(trim(records.organisation), '') as organisation,
    cast({{ parse_birth_date('trim(records.birth_date)', 'coalesce(records.country, records.default_region)') }} as date)
        as birth_date,
    records.gender,
    nullif(trim(records.street), '') as street,
    nullif(trim(records.unit), '') as unit,
    nullif(trim(records.locality), '') as locality,
    nullif(trim(records.region), '') as region,
    nullif(trim(records.postcode), '') as postcode,
    nullif(trim(records.country), '') as country,
    nullif(trim(records.language), '') as language,
    coalesce(records.is_guest, false) as is_guest,
    coalesce(records.created_at, records.updated_at, cast(records.delivered_date as timestamp)) as created_at,
    coalesce(records.updated_at, records.created_at, cast(records.delivered_date as timestamp)) as updated_at,
    {{ record_hash('records') }} as source_hash
from {{ relation }} as records
inner join {{ ref('stg_identity__profile_members') }} as members on records.record_id = members.record_id
where not coalesce(records.is_deleted, false)
{%- endmacro %}
