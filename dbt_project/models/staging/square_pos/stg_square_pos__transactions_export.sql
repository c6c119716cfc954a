with versions as (
    {{ latest_by_key(source('square_pos', 'transactions_export'), ['transaction_id', 'payment_id', 'event_type']) }}
)

select
    trim(transaction_id) as transaction_id,
    trim(payment_id) as payment_id,
    coalesce(event_type, 'Payment') = 'Refund' as is_refund,
    cast(cast(sold_on as varchar) || ' ' || coalesce(sold_time, '00:00:00') as timestamp) as sold_at_local,
    time_zone,
    coalesce(abs(discount_amount), 0) as discount_amount,
    coalesce(tax_amount, 0) as tax_amount,
    coalesce(tip_amount, 0) as tip_amount,
    total_amount,
    location_name,
    {{ clean_text('customer_id') }} as customer_id,
    {{ clean_name('customer_name') }} as customer_name,
    {{ clean_text('reference_id') }} as reference_id,
    _dt as delivered_date
from versions
