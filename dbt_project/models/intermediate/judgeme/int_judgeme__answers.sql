-- Reviews as answers. The shop's customer, where it is known, is who wrote; the article is named by its number where
-- the catalogue has just one for it.
with articles as (
    select
        product_id,
        min(sku) as sku
    from {{ ref('stg_shopify__products') }}
    where sku is not null
    group by product_id
    having count(distinct sku) = 1
)

select
    'judgeme:' || reviews.review_id as feedback_id,
    'judgeme' as source,
    coalesce(customers.record_id, reviewers.record_id) as record_id,
    case when reviews.product_id is null then 'shop_review' else 'product_review' end as survey_type,
    reviews.rating as score,
    reviews.review_text as comment,
    reviews.updated_at as occurred_at,
    cast(null as varchar) as order_reference,
    coalesce(articles.sku, reviews.product_id) as product_id
from {{ ref('stg_judgeme__reviews') }} as reviews
left join {{ ref('int_judgeme__reviewers') }} as reviewers on reviews.review_id = reviewers.review_id
left join {{ ref('int_shopify__customers') }} as customers on 'shopify:customers:' || reviewers.shop_customer_id = customers.record_id
left join articles on reviews.product_id = articles.product_id
