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
        list(distinct source order by source) as sources,
        bool_and(entity_type = 'organisation') as is_organisation,
        bool_and(is_guest) as is_guest_only,
        bool_or(source = 'wechat') as has_wechat,
        bool_or(source = 'facebook') as has_facebook
    from {{ ref('int_records_profiled') }}
    {% if by_change() -%}
    where profile_id in (select changed.profile_id from {{ ref('int_golden_changed') }} as changed)
    {% endif -%}
    group by profile_id
),

identifiers as (
    select
        profile_id,
        bool_or(kind = 'email') as has_email,
        bool_or(kind = 'phone') as has_phone,
        bool_or(kind = 'loyalty_id') as has_loyalty_card,
        bool_or(kind = 'customer_no') as has_customer_no
    from {{ ref('pii_identifiers') }}
    where
        is_trusted
        {% if by_change() -%}
        and profile_id in (select changed.profile_id from {{ ref('int_golden_changed') }} as changed)
        {%- endif %}
    group by profile_id
)

select
    golden.profile_id,
    case when records.is_organisation then 'organisation' else 'person' end as entity_type,
    -- A Han character of a name is a good part of it, so only Latin initials are shown.
    nullif(
        case when golden.given_name similar to '[A-Za-z].*' then upper(left(golden.given_name, 1)) || '.' else '' end
        || case when golden.family_name similar to '[A-Za-z].*' then upper(left(golden.family_name, 1)) || '.' else '' end,
        ''
    ) as initials,
    {{ mask_email('golden.email') }} as email_masked,
    {{ mask_phone('golden.phone') }} as phone_masked,
    cast(extract(year from golden.birth_date) as integer) as birth_year,
    golden.gender,
    golden.country,
    golden.region,
    left(golden.postcode, 3) as postcode_prefix,
    golden.language,
    golden.n_records,
    golden.n_sources,
    records.sources,
    golden.first_seen_at,
    golden.last_seen_at,
    coalesce(identifiers.has_email, false) as has_email,
    coalesce(identifiers.has_phone, false) as has_phone,
    coalesce(identifiers.has_loyalty_card, false) as has_loyalty_card,
    coalesce(identifiers.has_customer_no, false) as has_customer_no,
    coalesce(golden.street is not null, false) as has_address,
    records.has_wechat,
    records.has_facebook,
    records.is_guest_only,
    households.household_id
from {{ ref('golden_record') }} as golden
inner join records on golden.profile_id = records.profile_id
left join identifiers on golden.profile_id = identifiers.profile_id
left join {{ ref('households') }} as households on golden.profile_id = households.profile_id
