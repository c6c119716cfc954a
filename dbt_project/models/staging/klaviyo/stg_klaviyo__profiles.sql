{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['klaviyo_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('klaviyo', 'profiles'), ['klaviyo_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(klaviyo_id) as klaviyo_id,
    trim(email) as email,
    trim(phone) as phone,
    trim(external_id) as external_id,
    trim(anonymous_id) as anonymous_id,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    organisation,
    street,
    unit,
    locality,
    region,
    postcode,
    country,
    birthday,
    email_consent,
    sms_consent,
    push_consent,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
