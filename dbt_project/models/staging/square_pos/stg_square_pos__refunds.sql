with versions as (
    {{ latest_by_key(source('square_pos', 'refunds'), ['refund_id'], updated_at='created_at') }}
)

select
    trim(refund_id) as refund_id,
    trim(payment_id) as payment_id,
    trim(order_id) as order_id,
    {{ from_minor_units('amount_cents', "currency") }} as amount,
    currency,
    status,
    created_at,
    _dt as delivered_date
from versions
