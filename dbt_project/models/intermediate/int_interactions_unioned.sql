{{ config(materialized='view') }}
-- Touchpoints of every source in one shape; purchases and answers come from the conformed orders and feedback. `added_on` is
-- the delivery day of rows of sources that are only added to.
{{ union_parts('interactions', [
    'source', 'interaction_id', 'record_id', 'anonymous_id', 'touchpoint', 'direction', 'interaction_type', 'occurred_at',
    'amount', 'currency', 'product_id', 'campaign_id', 'experiment_id', 'variant', 'properties',
    'added_on'
], types={'added_on': 'date'}, only={'added_on': ['klaviyo', 'web_events']}) }}
union all
select
    source,
    source || ':orders:' || native_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'anonymous_id': 'anonymous_id',
        'touchpoint': 'touchpoint',
        'interaction_type': "case when paid_amount < 0 then 'refund' else 'purchase' end",
        'occurred_at': 'ordered_at',
        'amount': 'paid_amount',
        'currency': 'currency',
        'campaign_id': 'campaign_id',
        'properties': json_object({'order_id': 'order_id', 'store_id': 'store_id', 'coupon_code': 'coupon_code'})
    }) }},
    cast(null as date) as added_on
from {{ ref('int_orders') }}
where state = 'completed'
union all
select
    source,
    'feedback:' || feedback_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': 'touchpoint',
        'interaction_type': "'feedback_given'",
        'occurred_at': 'occurred_at',
        'properties': json_object({'feedback_type': 'feedback_type', 'score': 'score', 'score_max': 'score_max'})
    }) }},
    cast(null as date) as added_on
from {{ ref('int_feedback') }}
where feedback_type <> 'comment'
