-- Paid tickets: one order per booking; free tickets are registrations only.
with bookings as (
    select
        order_id,
        min(created_at) as ordered_at,
        min(currency) as currency,
        sum(gross_amount) as paid_amount,
        sum(tax_amount) as tax_amount,
        sum(case when is_refunded then gross_amount else 0 end) as refunded_amount,
        min(affiliate) as campaign_id
    from {{ ref('int_eventbrite__attendees') }}
    where order_id is not null
    group by order_id
    having sum(gross_amount) > 0
)

select
    'eventbrite:' || bookings.order_id as order_id,
    bookings.order_id as native_id,
    cast(null as varchar) as order_name,
    'eventbrite' as source,
    buyers.record_id,
    cast(null as varchar) as anonymous_id,
    'event_registration' as touchpoint,
    cast(null as varchar) as store_id,
    bookings.ordered_at,
    'completed' as state,
    bookings.currency,
    bookings.paid_amount - bookings.tax_amount as gross_amount,
    0 as discount_amount,
    bookings.tax_amount,
    bookings.paid_amount,
    bookings.refunded_amount,
    cast(null as varchar) as coupon_code,
    bookings.campaign_id,
    cast(null as varchar) as cart_token
from bookings
inner join {{ ref('int_eventbrite__buyers') }} as buyers on bookings.order_id = buyers.order_id
where bookings.ordered_at is not null
