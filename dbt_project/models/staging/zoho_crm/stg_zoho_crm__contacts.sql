{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['contact_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
-- A page of the API carries the fields that were asked for, a CSV export fewer still; what a version cannot say must
-- not empty what is known.
{%- set columns = {
    'full_name': ['Full_Name', true], 'given_name': ['First_Name', true], 'family_name': ['Last_Name', true],
    'salutation': ['Salutation', false], 'email': ['Email', true], 'secondary_email': ['Secondary_Email', false],
    'phone': ['Phone', true], 'mobile': ['Mobile', true], 'home_phone': ['Home_Phone', false],
    'birth_date': ['Date_of_Birth', false], 'street': ['Mailing_Street', true], 'locality': ['Mailing_City', true],
    'region': ['Mailing_State', true], 'postcode': ['Mailing_Zip', true], 'country': ['Mailing_Country', true],
    'account_id': ['Account_Name', false], 'account_name': ['Account_Name', false], 'lead_source': ['Lead_Source', false],
    'customer_no': ['Customer_No', false], 'is_email_opted_out': ['Email_Opt_Out', true], 'tags': ['Tag', false],
    'created_at': ['Created_Time', true], 'last_activity_at': ['Last_Activity_Time', false]
} %}
with versions as (
    {{ latest_by_key(source('zoho_crm', 'contacts'), ['contact_id'], updated_at='updated_at', keep=columns.keys() | list, changed_since=last_appended()) }}
),

known as (
    select
        trim(contact_id) as contact_id,
        {%- for column, where in columns.items() %}
        {{ known_value(column, where[0], where[1]) }} as {{ column }},
        {%- endfor %}
        updated_at,
        _dt as delivered_date
    from versions
)

select
    contact_id,
    {{ clean_name('full_name') }} as full_name,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    salutation,
    trim(email) as email,
    secondary_email,
    trim(phone) as phone,
    mobile,
    home_phone,
    birth_date,
    street,
    locality,
    region,
    postcode,
    country,
    account_id,
    account_name,
    lead_source,
    customer_no,
    is_email_opted_out,
    tags,
    created_at,
    updated_at,
    last_activity_at,
    delivered_date
from known
