with versions as (
    {{ latest_by_key(source('qualtrics', 'contacts'), ['contact_id'], updated_at='updated_at') }}
)

select
    trim(contact_id) as contact_id,
    trim(email) as email,
    trim(phone) as phone,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    {{ known_user_id('external_reference') }} as external_reference,
    coalesce(is_unsubscribed, false) as is_unsubscribed,
    unsubscribed_at,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
