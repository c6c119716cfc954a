{{ config(materialized='table') }}
-- One row per ticket from the API and the report; the API wins. On a group booking one e-mail stands on tickets with
-- several names: then it says who bought, not who comes.
with tickets as (
    select
        coalesce(attendees.attendee_id, report.attendee_id) as attendee_id,
        coalesce(attendees.order_id, report.order_id) as order_id,
        attendees.event_id,
        coalesce(events.name, report.event_name) as event_name,
        coalesce(attendees.ticket_class, report.ticket_class) as ticket_class,
        coalesce(attendees.email, report.email) as email,
        coalesce(attendees.given_name, report.given_name) as given_name,
        coalesce(attendees.family_name, report.family_name) as family_name,
        attendees.full_name,
        coalesce(attendees.mobile, report.mobile) as mobile,
        attendees.work_phone,
        coalesce(attendees.company, report.company) as company,
        coalesce(attendees.job_title, report.job_title) as job_title,
        attendees.gender,
        attendees.birth_date,
        attendees.street,
        coalesce(attendees.locality, report.locality) as locality,
        attendees.region,
        attendees.postcode,
        attendees.country,
        attendees.answers,
        attendees.barcodes,
        coalesce(attendees.is_checked_in, lower(report.status) = 'checked in', false) as is_checked_in,
        coalesce(attendees.is_cancelled, lower(report.status) in ('not attending', 'deleted', 'cancelled'), false) as is_cancelled,
        coalesce(attendees.is_refunded, lower(report.status) = 'refunded', false) as is_refunded,
        attendees.affiliate,
        coalesce(attendees.currency, report.currency, '{{ var("reporting_currency") }}') as currency,
        coalesce(attendees.gross_amount, report.total_amount, 0) as gross_amount,
        coalesce(attendees.tax_amount, 0) as tax_amount,
        report.buyer_email,
        report.buyer_given_name,
        report.buyer_family_name,
        report.is_contact_allowed,
        events.started_at,
        events.ended_at,
        coalesce(events.is_online, false) as is_online,
        coalesce(attendees.created_at, report.created_at) as created_at,
        coalesce(attendees.updated_at, report.created_at) as updated_at,
        greatest(attendees.delivered_date, report.delivered_date) as delivered_date
    from {{ ref('stg_eventbrite__attendees') }} as attendees
    full outer join {{ ref('stg_eventbrite__attendee_report') }} as report on attendees.attendee_id = report.attendee_id
    left join {{ ref('stg_eventbrite__events') }} as events on attendees.event_id = events.event_id
),

named as (
    select
        *,
        lower(coalesce(nullif(concat_ws(' ', given_name, family_name), ''), full_name, '')) as person_name
    from tickets
),

bookings as (
    select
        order_id,
        lower(email) as booking_email,
        count(distinct person_name) as names
    from named
    where
        order_id is not null
        and email is not null
    group by order_id, lower(email)
)

select
    named.*,
    'eventbrite:attendees:' || named.attendee_id as record_id,
    coalesce(bookings.names > 1, false) as is_group_booking,
    coalesce(lower(named.buyer_email) <> lower(coalesce(named.email, '')), false) as is_bought_by_other
from named
left join bookings
    on
        named.order_id = bookings.order_id
        and lower(named.email) = bookings.booking_email
