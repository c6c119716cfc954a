{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['customer_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('shopify', 'customers'), ['customer_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(customer_id) as customer_id,
    trim(email) as email,
    is_email_verified,
    trim(phone) as phone,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    street,
    unit,
    locality,
    region,
    postcode,
    country,
    multipass_identifier,
    state,
    email_consent,
    sms_consent,
    tags,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
