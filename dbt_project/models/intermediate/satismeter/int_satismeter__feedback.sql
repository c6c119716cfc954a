-- One row per answer with a metric, else the rating. The comment goes with the answer that is the rating.
with answers as (
    select
        responses.response_id,
        {{ json_text('answer.item', '$.id') }} as answer_id,
        lower({{ json_text('answer.item', '$.metric') }}) as metric,
        try_cast({{ json_text('answer.item', '$.value') }} as bigint) as score
    from {{ ref('int_satismeter__responses') }} as responses
    {{ unnest_json('responses.answers', 'answer') }}
),

scores as (
    select
        response_id,
        answer_id,
        metric,
        score
    from answers
    where
        metric in ('nps', 'csat', 'ces')
        and score is not null
    union all
    select
        response_id,
        'rating' as answer_id,
        'nps' as metric,
        rating as score
    from {{ ref('int_satismeter__responses') }}
    where
        rating is not null
        and response_id not in (
            select answers.response_id
            from answers
            where
                answers.metric in ('nps', 'csat', 'ces')
                and answers.score is not null
        )
)

select
    'satismeter:' || responses.response_id || ':' || scores.answer_id as feedback_id,
    'satismeter' as source,
    responses.record_id,
    scores.metric as survey_type,
    scores.score,
    case when scores.score = responses.rating then responses.feedback end as comment,
    responses.created_at as occurred_at,
    {{ json_text('responses.traits', '$.order_id') }} as order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from scores
inner join {{ ref('int_satismeter__responses') }} as responses on scores.response_id = responses.response_id
where
    not responses.is_dismissed
    and not responses.is_pending
