with versions as (
    {{ latest_by_key(source('wechat_reviews', 'reviews'), ['review_id']) }}
)

select
    review_id,
    appid,
    openid,
    {{ clean_name('nickname') }} as nickname,
    order_reference,
    payment_id,
    -- 100 points a star.
    cast(score / 100 as bigint) as stars,
    content,
    replaced_review_id,
    created_at,
    _dt as delivered_date
from versions
