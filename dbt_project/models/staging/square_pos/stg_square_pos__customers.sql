{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['customer_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('square_pos', 'customers'), ['customer_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(customer_id) as customer_id,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    company_name,
    trim(email) as email,
    trim(phone) as phone,
    street,
    unit,
    locality,
    region,
    postcode,
    country,
    birthday,
    trim(reference_id) as reference_id,
    is_email_unsubscribed,
    creation_source,
    version,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
