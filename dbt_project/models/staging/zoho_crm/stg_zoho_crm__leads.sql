with versions as (
    {{ latest_by_key(source('zoho_crm', 'leads'), ['lead_id'], updated_at='updated_at') }}
)

select
    trim(lead_id) as lead_id,
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
    _dt as delivered_date
from versions
