-- Public comments of people, not of the page itself.
select
    'facebook:' || comments.comment_id as feedback_id,
    'facebook' as source,
    people.record_id,
    'comment' as survey_type,
    cast(null as bigint) as score,
    comments.content as comment,
    comments.occurred_at,
    cast(null as varchar) as order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_facebook__comments') }} as comments
left join {{ ref('int_facebook__psids') }} as people
    on
        comments.from_id = people.psid
        and people.page_id = '{{ var("facebook_page_id") }}'
where
    comments.content is not null
    and coalesce(comments.from_id, '') <> '{{ var("facebook_page_id") }}'
union all
-- Stars where there are some, else thumbs up or down.
select
    'facebook:recommendations:' || reviews.recommendation_id as feedback_id,
    'facebook' as source,
    people.record_id,
    case when reviews.rating is not null then 'stars' else 'recommendation' end as survey_type,
    case
        when reviews.rating is not null then reviews.rating
        when reviews.recommendation_type = 'positive' then 1
        else 0
    end as score,
    reviews.review_text as comment,
    reviews.recommended_at as occurred_at,
    cast(null as varchar) as order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_facebook__recommendations') }} as reviews
left join {{ ref('int_facebook__psids') }} as people
    on
        reviews.reviewer_id = people.psid
        and people.page_id = '{{ var("facebook_page_id") }}'
where
    reviews.rating is not null
    or reviews.recommendation_type is not null
