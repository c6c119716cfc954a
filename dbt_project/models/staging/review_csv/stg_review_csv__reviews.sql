with versions as (
    {{ latest_by_key(source('review_csv', 'reviews'), ['product_id', 'reviewer_email', 'reviewed_at', 'title']) }}
)

select
    left({{ hex_digest("concat_ws('|', coalesce(product_id, ''), lower(coalesce(reviewer_email, '')), cast(reviewed_at as varchar), coalesce(title, ''))") }}, 24) as review_id,
    {{ clean_text('product_id') }} as product_id,
    rating,
    {{ review_text('title', 'body') }} as review_text,
    reviewed_at,
    {{ reviewer_name('reviewer_name') }} as name,
    {{ clean_text('reviewer_email') }} as email,
    lower(state) as state,
    _dt as delivered_date
from versions
