-- Reviews of stores as answers; a display name is nobody's identity. Without stars it is a comment.
select
    'google_reviews:' || review_id as feedback_id,
    'google_reviews' as source,
    cast(null as varchar) as record_id,
    case when stars is null then 'comment' else 'location_review' end as survey_type,
    stars as score,
    content as comment,
    coalesce(updated_at, created_at) as occurred_at,
    cast(null as varchar) as order_reference,
    cast(null as varchar) as product_id
from {{ ref('stg_google_reviews__reviews') }}
where
    stars is not null
    or content is not null
