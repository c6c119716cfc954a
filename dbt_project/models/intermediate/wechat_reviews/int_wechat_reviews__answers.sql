-- Reviews as answers; one that was changed is told by its successor.
select
    'wechat_reviews:' || reviews.review_id as feedback_id,
    'wechat_reviews' as source,
    reviewers.record_id,
    'order_review' as survey_type,
    reviews.stars as score,
    reviews.content as comment,
    reviews.created_at as occurred_at,
    reviews.order_reference,
    cast(null as varchar) as product_id
from {{ ref('stg_wechat_reviews__reviews') }} as reviews
left join {{ ref('int_wechat_reviews__reviewers') }} as reviewers on reviews.review_id = reviewers.review_id
where
    reviews.review_id not in (
        select replaced_review_id
        from {{ ref('stg_wechat_reviews__reviews') }}
        where replaced_review_id is not null
    )
