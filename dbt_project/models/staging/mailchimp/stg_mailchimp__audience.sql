-- The export has no audience's id; the member id can be computed from the address.
with versions as (
    {{ latest_by_key(source('mailchimp', 'audience'), ['lower(trim(email))'], updated_at='last_changed_at') }}
)

select
    md5(lower(trim(email))) as member_id,
    trim(email) as email,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    trim(phone) as phone,
    address as street,
    {{ month_and_day('birthday') }} as birthday,
    state,
    coalesce(confirmed_at, opted_in_at) as opted_in_at,
    unsubscribed_at,
    unsubscribe_campaign,
    last_changed_at,
    _dt as delivered_date
from versions
