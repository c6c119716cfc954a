with versions as (
    {{ latest_by_key(source('yotpo', 'reviews'), ['review_id'], updated_at='updated_at') }}
)

select
    review_id,
    score,
    {{ review_text('title', 'body') }} as review_text,
    {{ reviewer_name('name') }} as name,
    {{ clean_text('email') }} as email,
    lower(reviewer_type) as reviewer_type,
    {{ clean_text('sku') }} as sku,
    coalesce(is_deleted, false) as is_deleted,
    coalesce(is_incentivized, false) as is_incentivized,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
