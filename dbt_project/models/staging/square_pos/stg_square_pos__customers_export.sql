with versions as (
    {{ latest_by_key(source('square_pos', 'customers_export'), ['customer_id']) }}
)

select
    trim(customer_id) as customer_id,
    {{ clean_text('reference_id') }} as reference_id,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    {{ clean_text('email') }} as email,
    {{ clean_text('phone') }} as phone,
    company_name,
    street,
    locality,
    region,
    postcode,
    birthday,
    lower(email_subscription) in ('unsubscribed', 'opted out') as is_email_unsubscribed,
    _dt as delivered_date
from versions
