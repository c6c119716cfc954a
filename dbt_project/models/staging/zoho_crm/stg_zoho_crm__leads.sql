{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['lead_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
{%- set columns = {
    'given_name': ['First_Name', true], 'family_name': ['Last_Name', true], 'company': ['Company', true],
    'email': ['Email', true], 'phone': ['Phone', true], 'mobile': ['Mobile', true], 'street': ['Street', true],
    'locality': ['City', true], 'region': ['State', true], 'postcode': ['Zip_Code', true], 'country': ['Country', true],
    'lead_source': ['Lead_Source', true], 'lead_status': ['Lead_Status', true], 'is_converted': ['Converted__s', false],
    'is_email_opted_out': ['Email_Opt_Out', true], 'created_at': ['Created_Time', true]
} %}
with versions as (
    {{ latest_by_key(source('zoho_crm', 'leads'), ['lead_id'], updated_at='updated_at', keep=columns.keys() | list, changed_since=last_appended()) }}
),

known as (
    select
        trim(lead_id) as lead_id,
        {%- for column, where in columns.items() %}
        {{ known_value(column, where[0], where[1]) }} as {{ column }},
        {%- endfor %}
        updated_at,
        _dt as delivered_date
    from versions
)

select
    lead_id,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    company,
    trim(email) as email,
    trim(phone) as phone,
    mobile,
    street,
    locality,
    region,
    postcode,
    country,
    lead_source,
    lead_status,
    is_converted,
    is_email_opted_out,
    created_at,
    updated_at,
    delivered_date
from known
