-- CSV exports carry fewer columns than the API; what they cannot say must not empty what is known.
with versions as (
    {{ latest_by_key(source('zoho_crm', 'contacts'), ['contact_id'], updated_at='updated_at', keep=['salutation', 'secondary_email', 'home_phone', 'birth_date', 'account_id', 'account_name', 'lead_source', 'customer_no', 'tags', 'last_activity_at']) }}
)

select
    trim(contact_id) as contact_id,
    {{ clean_name('full_name') }} as full_name,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    case when _file like '%.csv%' then coalesce(salutation, _kept_salutation) else salutation end as salutation,
    trim(email) as email,
    case when _file like '%.csv%' then coalesce(secondary_email, _kept_secondary_email) else secondary_email end as secondary_email,
    trim(phone) as phone,
    mobile,
    case when _file like '%.csv%' then coalesce(home_phone, _kept_home_phone) else home_phone end as home_phone,
    case when _file like '%.csv%' then coalesce(birth_date, _kept_birth_date) else birth_date end as birth_date,
    street,
    locality,
    region,
    postcode,
    country,
    case when _file like '%.csv%' then coalesce(account_id, _kept_account_id) else account_id end as account_id,
    case when _file like '%.csv%' then coalesce(account_name, _kept_account_name) else account_name end as account_name,
    case when _file like '%.csv%' then coalesce(lead_source, _kept_lead_source) else lead_source end as lead_source,
    case when _file like '%.csv%' then coalesce(customer_no, _kept_customer_no) else customer_no end as customer_no,
    is_email_opted_out,
    case when _file like '%.csv%' then coalesce(tags, _kept_tags) else tags end as tags,
    created_at,
    updated_at,
    case when _file like '%.csv%' then coalesce(last_activity_at, _kept_last_activity_at) else last_activity_at end as last_activity_at,
    _dt as delivered_date
from versions
