with versions as (
    {{ latest_by_key(source('judgeme', 'reviews'), ['review_id'], updated_at='updated_at') }}
)

select
    review_id,
    rating,
    {{ review_text('title', 'body') }} as review_text,
    reviewer_id,
    {{ known_user_id('shop_customer_id') }} as shop_customer_id,
    {{ clean_text('email') }} as email,
    {{ clean_text('phone') }} as phone,
    {{ reviewer_name('name') }} as name,
    unsubscribed_at,
    {{ known_user_id('product_id') }} as product_id,
    {{ clean_text('product_handle') }} as product_handle,
    lower(verified) as verified,
    lower(review_source) as review_source,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
