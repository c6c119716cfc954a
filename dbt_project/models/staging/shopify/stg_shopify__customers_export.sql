with versions as (
    {{ latest_by_key(source('shopify', 'customers_export'), ['customer_id']) }}
)

select
    trim(customer_id) as customer_id,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    trim(email) as email,
    trim(phone) as phone,
    is_email_subscribed,
    is_sms_subscribed,
    street,
    unit,
    locality,
    region,
    postcode,
    country,
    tags,
    _dt as delivered_date
from versions
