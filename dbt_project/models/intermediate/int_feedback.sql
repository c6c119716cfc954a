{{ config(materialized='table') }}
-- Answers and public comments of every source, with the scale of their kind from the seed.
-- Surveys name an order by its id or by the number that the customer sees; only an unambiguous one is taken.
with references_to_orders as (
    select
        reference,
        min(order_id) as order_id
    from (
        select
            native_id as reference,
            order_id
        from {{ ref('int_orders') }}
        union
        select
            order_name as reference,
            order_id
        from {{ ref('int_orders') }}
        where order_name is not null
    ) as named
    group by reference
    having count(*) = 1
)

select
    answers.feedback_id,
    answers.source,
    answers.record_id,
    scales.touchpoint,
    scales.feedback_type,
    answers.score,
    scales.score_min,
    scales.score_max,
    answers.comment,
    answers.occurred_at,
    orders.order_id,
    answers.ticket_id,
    answers.product_id
from {{ ref('int_feedback_unioned') }} as answers
left join {{ ref('survey_scales') }} as scales
    on
        answers.source = scales.source
        and answers.survey_type = scales.survey_type
left join references_to_orders as orders on replace(answers.order_reference, '#', '') = orders.reference
