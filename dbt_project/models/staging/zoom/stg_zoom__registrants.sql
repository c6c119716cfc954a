with versions as (
    {{ latest_by_key(source('zoom', 'registrants'), ['registrant_id']) }}
)

select
    registrant_id,
    meeting_id,
    lower({{ clean_text('email') }}) as email,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    {{ clean_text('phone') }} as phone,
    street,
    locality,
    region,
    postcode,
    country,
    {{ clean_text('organisation') }} as organisation,
    job_title,
    answers,
    lower(status) as status,
    registered_at,
    _dt as delivered_date
from versions
