with versions as (
    {{ latest_by_key(source('eventbrite', 'attendee_report'), ['attendee_id']) }}
)

select
    trim(attendee_id) as attendee_id,
    trim(order_id) as order_id,
    trim(event_name) as event_name,
    ticket_class,
    status,
    {{ clean_text('email') }} as email,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    {{ clean_text('mobile') }} as mobile,
    {{ clean_text('company') }} as company,
    {{ clean_text('job_title') }} as job_title,
    locality,
    {{ clean_name('buyer_given_name') }} as buyer_given_name,
    {{ clean_name('buyer_family_name') }} as buyer_family_name,
    {{ clean_text('buyer_email') }} as buyer_email,
    total_amount,
    upper(trim(currency)) as currency,
    {{ yes_or_no('consent_answer') }} as is_contact_allowed,
    created_at,
    _dt as delivered_date
from versions
