-- Answers come from the feedback; here are the forms that were opened and not submitted.
select
    'typeform:responses:' || response_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'nps_survey'",
        'interaction_type': "'survey_abandoned'",
        'occurred_at': 'landed_at'
    }) }}
from {{ ref('int_typeform__responses') }}
where
    submitted_at is null
    and landed_at is not null
