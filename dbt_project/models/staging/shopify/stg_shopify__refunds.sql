with versions as (
    {{ latest_by_key(source('shopify', 'refunds'), ['refund_id'], updated_at='created_at') }}
)

select
    trim(refund_id) as refund_id,
    trim(order_id) as order_id,
    created_at,
    processed_at,
    refund_line_items,
    transactions,
    _dt as delivered_date
from versions
