-- One row per scored question of a submitted response. Ratings whose steps the seed does not name keep their raw value.
with scores as (
    select
        response_id,
        field,
        survey_type,
        try_cast(value as bigint) as score
    from {{ ref('int_typeform__answers') }}
    where role = 'score'
),

comments as (
    select
        response_id,
        survey_type,
        max(value) as comment
    from {{ ref('int_typeform__answers') }}
    where role = 'comment'
    group by response_id, survey_type
)

select
    'typeform:' || responses.response_id || ':' || left({{ hex_digest('scores.field') }}, 12) as feedback_id,
    'typeform' as source,
    responses.record_id,
    scores.survey_type,
    scores.score,
    comments.comment,
    responses.submitted_at as occurred_at,
    responses.order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from scores
inner join {{ ref('int_typeform__responses') }} as responses on scores.response_id = responses.response_id
left join comments
    on
        scores.response_id = comments.response_id
        and scores.survey_type = comments.survey_type
where
    responses.submitted_at is not null
    and scores.score is not null
