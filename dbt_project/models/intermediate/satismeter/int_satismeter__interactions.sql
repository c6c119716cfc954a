-- Answers come from the feedback; here are the surveys that were shown and waved away.
select
    'satismeter:responses:' || response_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'nps_survey'",
        'interaction_type': "'survey_dismissed'",
        'occurred_at': 'created_at'
    }) }}
from {{ ref('int_satismeter__responses') }}
where is_dismissed
