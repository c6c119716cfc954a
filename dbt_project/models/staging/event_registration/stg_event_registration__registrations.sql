-- Typed by hand: blanks and a comma in e-mail addresses are slips of the pen.
with cleaned as (
    select
        *,
        {{ clean_text("replace(replace(replace(lower(email), ' ', ''), ',', '.'), '，', '.')") }} as clean_email,
        {{ clean_name('name') }} as clean_person_name,
        {{ clean_text('phone') }} as clean_phone
    from {{ source('event_registration', 'registrations') }}
),

versions as (
    {{ latest_by_key('cleaned', ['event_id', 'clean_email', 'clean_phone', 'clean_person_name'], keep=['registered_at', 'company', 'registration_source', 'attended', 'checked_in_at', 'consent']) }}
)

select
    trim(event_id) as event_id,
    trim(event_name) as event_name,
    event_date as held_at,
    coalesce(registered_at, _kept_registered_at) as registered_at,
    clean_person_name as full_name,
    clean_email as email,
    coalesce(clean_email <> lower(trim(email)), false) as is_email_mended,
    clean_phone as phone,
    {{ clean_text('coalesce(company, _kept_company)') }} as company,
    coalesce(registration_source, _kept_registration_source) as registration_source,
    {{ yes_or_no('coalesce(attended, _kept_attended)') }} as is_attended,
    coalesce(checked_in_at, _kept_checked_in_at) as checked_in_at,
    {{ yes_or_no('coalesce(consent, _kept_consent)') }} as is_contact_allowed,
    _dt as delivered_date
from versions
