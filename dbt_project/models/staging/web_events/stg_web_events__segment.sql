{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'appends': true}
) }}
with versions as (
    {{ first_by_key(source('web_events', 'segment'), ['message_id'], appended_to=last_appended()) }}
)

select
    trim(message_id) as message_id,
    call_type,
    trim(anonymous_id) as anonymous_id,
    trim(user_id) as user_id,
    trim(previous_id) as previous_id,
    event,
    trim(email) as email,
    trim(phone) as phone,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    {{ clean_name('full_name') }} as full_name,
    gender,
    birthday,
    street,
    locality,
    region,
    postcode,
    country,
    properties,
    campaign_name,
    campaign_source,
    campaign_medium,
    page_path,
    page_url,
    referrer,
    device_type,
    advertising_id,
    locale,
    user_agent,
    consent,
    occurred_at,
    received_at,
    _dt as delivered_date
from versions
