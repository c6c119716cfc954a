-- `offered` and `unoffered` are no answers.
select
    'zendesk:' || ratings.rating_id as feedback_id,
    'zendesk' as source,
    coalesce(users.record_id, tickets.record_id) as record_id,
    'csat' as survey_type,
    case when ratings.score like 'good%' then 1 else 0 end as score,
    ratings.comment,
    ratings.updated_at as occurred_at,
    cast(null as varchar) as order_reference,
    tickets.ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_zendesk__satisfaction_ratings') }} as ratings
left join {{ ref('int_zendesk__end_users') }} as users on ratings.requester_id = users.user_id
left join {{ ref('int_zendesk__tickets') }} as tickets on ratings.ticket_id = tickets.native_id
where
    ratings.score like 'good%'
    or ratings.score like 'bad%'
