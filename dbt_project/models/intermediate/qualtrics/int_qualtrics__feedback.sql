-- One row per scored question of a finished response; the comment that the seed gives to the same kind goes with it.
with scores as (
    select
        response_id,
        field,
        survey_type,
        try_cast(value as bigint) as score
    from {{ ref('int_qualtrics__answers') }}
    where role = 'score'
),

comments as (
    select
        response_id,
        survey_type,
        max(value) as comment
    from {{ ref('int_qualtrics__answers') }}
    where role = 'comment'
    group by response_id, survey_type
)

select
    'qualtrics:' || responses.response_id || ':' || scores.field as feedback_id,
    'qualtrics' as source,
    responses.record_id,
    scores.survey_type,
    scores.score,
    comments.comment,
    responses.recorded_at as occurred_at,
    responses.order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from scores
inner join {{ ref('int_qualtrics__responses') }} as responses on scores.response_id = responses.response_id
left join comments
    on
        scores.response_id = comments.response_id
        and scores.survey_type = comments.survey_type
where
    responses.is_finished
    and scores.score is not null
