with versions as (
    {{ latest_by_key(source('mailchimp', 'members'), ['list_id', 'member_id'], updated_at='last_changed_at') }}
)

select
    trim(list_id) as list_id,
    lower(trim(member_id)) as member_id,
    trim(contact_id) as contact_id,
    trim(unique_email_id) as unique_email_id,
    trim(email) as email,
    trim(phone) as phone,
    {{ clean_name('full_name') }} as full_name,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    {{ month_and_day('birthday') }} as birthday,
    coalesce({{ json_text('address', '$.addr1') }}, {{ json_text("case when address like '\"%' then address end", '$') }}) as street,
    {{ json_text('address', '$.addr2') }} as unit,
    {{ json_text('address', '$.city') }} as locality,
    {{ json_text('address', '$.state') }} as region,
    {{ json_text('address', '$.zip') }} as postcode,
    {{ json_text('address', '$.country') }} as country,
    trim(customer_no) as customer_no,
    status,
    permissions,
    coalesce(signed_up_at, opted_in_at) as signed_up_at,
    opted_in_at,
    language,
    last_changed_at,
    _dt as delivered_date
from versions
