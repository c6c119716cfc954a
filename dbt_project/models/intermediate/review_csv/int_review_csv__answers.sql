select
    'review_csv:' || reviews.review_id as feedback_id,
    'review_csv' as source,
    reviewers.record_id,
    case when reviews.product_id is null then 'shop_review' else 'product_review' end as survey_type,
    reviews.rating as score,
    reviews.review_text as comment,
    reviews.reviewed_at as occurred_at,
    cast(null as varchar) as order_reference,
    reviews.product_id
from {{ ref('stg_review_csv__reviews') }} as reviews
left join {{ ref('int_review_csv__reviewers') }} as reviewers on reviews.review_id = reviewers.review_id
