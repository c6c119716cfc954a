-- Scores of the analytics step. An objection holds here too: it may be younger than the scores.
select
    coalesce(scores.profile_id, objections.profile_id) as profile_id,
    case when objections.profile_id is null then scores.expected_orders end as expected_orders_12m,
    case when objections.profile_id is null then scores.expected_order_value end as expected_order_amount,
    case when objections.profile_id is null then scores.lifetime_value end as lifetime_value_12m,
    case when objections.profile_id is null then scores.probability_alive end as active_probability,
    case when objections.profile_id is null then scores.churn_probability end as churn_probability_90d,
    case when objections.profile_id is not null then 'opted_out' else scores.missing_reason end as score_missing_reason
from {{ ref('stg_analytics__profile_scores') }} as scores
full join {{ ref('int_profiling_objections') }} as objections on scores.profile_id = objections.profile_id
