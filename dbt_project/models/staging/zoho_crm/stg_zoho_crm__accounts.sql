with versions as (
    {{ latest_by_key(source('zoho_crm', 'accounts'), ['account_id'], updated_at='updated_at') }}
)

select
    trim(account_id) as account_id,
    {{ clean_text('account_name') }} as account_name,
    {{ clean_text('account_number') }} as account_number,
    trim(phone) as phone,
    website,
    street,
    locality,
    region,
    postcode,
    country,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
