with versions as (
    {{ latest_by_key(source('meituan', 'reviews'), ['comment_id']) }}
)

select
    comment_id,
    store_id,
    nullif(trim(content), '') as content,
    nullif(trim(added_content), '') as added_content,
    reviewed_on,
    added_on,
    -- 0 is "not rated".
    nullif(score, 0) as score,
    nullif(order_score, 0) as order_score,
    nullif(packing_score, 0) as packing_score,
    nullif(delivery_score, 0) as delivery_score,
    delivery_minutes,
    labels,
    nullif(trim(reply), '') as reply,
    replied_on,
    _dt as delivered_date
from versions
