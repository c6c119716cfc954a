-- Dates such as 00000000, 1900-01-01 and 9999-12-31 mean "none".
with versions as (
    {{ latest_by_key(source('erp', 'customers'), [erp_number('customer_no')], updated_at='updated_at') }}
)

select
    {{ erp_number('customer_no') }} as customer_no,
    {{ clean_name("concat_ws(' ', customer_name, customer_name_2)") }} as customer_name,
    upper(trim(account_group)) as account_group,
    {{ clean_name('contact_name') }} as contact_name,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    trim(email) as email,
    trim(phone) as phone,
    trim(mobile) as mobile,
    {{ clean_text('tax_no') }} as tax_no,
    nullif(concat_ws(' ', nullif(house_no, ''), nullif(street, '')), '') as street,
    postcode,
    locality,
    region,
    country,
    case
        when
            {{ regexp_like('birth_date', '[1-9]') }}
            and {{ digits_of('birth_date') }} not in ('19000101', '01011900', '99991231', '31129999', '12319999')
            then birth_date
    end as birth_date,
    {{ clean_text('loyalty_no') }} as loyalty_no,
    coalesce({{ yes_or_no('deletion_flag') }}, false) as is_deleted,
    {{ yes_or_no('marketing_consent') }} as is_marketing_allowed,
    {{ yes_or_no('no_mail') }} as is_mail_forbidden,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
