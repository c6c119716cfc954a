with versions as (
    {{ latest_by_key(source('yotpo', 'request_log'), ['email', 'order_id', 'sku', 'sent_at']) }}
)

select
    {{ clean_text('email') }} as email,
    order_id,
    {{ clean_text('sku') }} as sku,
    email_type,
    sent_at,
    opened_at,
    clicked_at,
    unsubscribed_at,
    marked_spam_at,
    invalid_address_at,
    ordered_at,
    coupon_code,
    _dt as delivered_date
from versions
