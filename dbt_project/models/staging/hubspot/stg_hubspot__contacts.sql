{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['contact_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('hubspot', 'contacts'), ['contact_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(contact_id) as contact_id,
    trim(email) as email,
    {{ list_to_json('additional_emails', ';') }} as additional_emails,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    trim(phone) as phone,
    trim(mobile) as mobile,
    company,
    street,
    locality,
    region,
    postcode,
    country,
    {{ list_to_json('merged_ids', ';') }} as merged_ids,
    is_opted_out,
    coalesce(is_archived, false) as is_archived,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
