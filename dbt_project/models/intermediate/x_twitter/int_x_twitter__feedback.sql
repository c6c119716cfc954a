-- What people said in their own words; a repost is somebody else's.
select
    'x_twitter:' || talk.post_id as feedback_id,
    'x_twitter' as source,
    people.record_id,
    'comment' as survey_type,
    cast(null as bigint) as score,
    talk.content as comment,
    talk.posted_at as occurred_at,
    cast(null as varchar) as order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('int_x_twitter__talk') }} as talk
left join {{ ref('int_x_twitter__people') }} as people on talk.user_id = people.user_id
where
    not talk.is_brand
    and talk.post_type <> 'repost'
    and talk.content is not null
