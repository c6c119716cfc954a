-- Reviews as answers, tombstones aside; what was paid for is a kind of its own.
with people as (
    select distinct
        email,
        record_id
    from {{ ref('int_yotpo__reviewers') }}
)

select
    'yotpo:' || reviews.review_id as feedback_id,
    'yotpo' as source,
    people.record_id,
    case
        when reviews.is_incentivized then 'incentivised_review'
        when reviews.sku is null or reviews.sku = 'yotpo_site_reviews' then 'shop_review'
        else 'product_review'
    end as survey_type,
    reviews.score,
    reviews.review_text as comment,
    reviews.updated_at as occurred_at,
    cast(null as varchar) as order_reference,
    nullif(reviews.sku, 'yotpo_site_reviews') as product_id
from {{ ref('stg_yotpo__reviews') }} as reviews
left join people on lower(reviews.email) = people.email
where not reviews.is_deleted
