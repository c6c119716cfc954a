select
    'marketplace:' || {{ keyed_hash(['reviews.platform', 'reviews.shop', 'reviews.review_id']) }} as feedback_id,
    'marketplace' as source,
    coalesce(sales.record_id, buyers.record_id) as record_id,
    reviews.platform as survey_type,
    reviews.score,
    case when reviews.added_content is null then reviews.content else concat_ws(' ', reviews.content, reviews.added_content) end as comment,
    reviews.reviewed_at as occurred_at,
    reviews.platform || '|' || reviews.order_id as order_reference,
    cast(null as varchar) as ticket_id,
    reviews.sku as product_id
from {{ ref('stg_marketplace__reviews') }} as reviews
left join {{ ref('int_marketplace__sales') }} as sales
    on
        reviews.platform = sales.platform
        and reviews.shop = sales.shop
        and reviews.order_id = sales.order_id
left join {{ ref('int_marketplace__people') }} as buyers
    on
        reviews.platform || ':' || reviews.shop = buyers.buyer_namespace
        and reviews.buyer_id = buyers.buyer_id
