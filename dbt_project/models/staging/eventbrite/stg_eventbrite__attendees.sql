with versions as (
    {{ latest_by_key(source('eventbrite', 'attendees'), ['attendee_id'], updated_at='updated_at') }}
)

select
    trim(attendee_id) as attendee_id,
    trim(order_id) as order_id,
    trim(event_id) as event_id,
    ticket_class,
    {{ clean_text('email') }} as email,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    {{ clean_name('full_name') }} as full_name,
    {{ clean_text('mobile') }} as mobile,
    {{ clean_text('work_phone') }} as work_phone,
    {{ clean_text('company') }} as company,
    {{ clean_text('job_title') }} as job_title,
    case when lower(gender) in ('female', 'f') then 'female' when lower(gender) in ('male', 'm') then 'male' end as gender,
    birth_date,
    street,
    locality,
    region,
    postcode,
    country,
    answers,
    barcodes,
    status,
    coalesce(is_checked_in, false) as is_checked_in,
    coalesce(is_cancelled, false) or coalesce(lower(status) in ('not attending', 'deleted'), false) as is_cancelled,
    coalesce(is_refunded, false) as is_refunded,
    {{ clean_text('affiliate') }} as affiliate,
    currency,
    {{ from_minor_units('gross_minor', 'currency') }} as gross_amount,
    {{ from_minor_units('tax_minor', 'currency') }} as tax_amount,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
