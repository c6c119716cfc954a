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
left join {{ ref('int_facebook__psids') }} as people on comments.from_id = people.psid
where
    comments.content is not null
    and coalesce(comments.from_id, '') <> '{{ var("facebook_page_id") }}'
