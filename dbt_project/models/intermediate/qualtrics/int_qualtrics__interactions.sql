-- Answers come from the feedback; here are the invitations and the responses that were begun and not finished.
select
    'qualtrics:sent:' || distribution_id || ':' || contact_id as interaction_id,
    'qualtrics:contacts:' || contact_id as record_id,
    {{ interaction_columns({
        'touchpoint': "'nps_survey'",
        'direction': "'outbound'",
        'interaction_type': "'survey_sent'",
        'occurred_at': 'sent_at'
    }) }}
from {{ ref('stg_qualtrics__distribution_contacts') }}
where sent_at is not null
union all
select
    'qualtrics:responses:' || response_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'nps_survey'",
        'interaction_type': "'survey_abandoned'",
        'occurred_at': 'recorded_at'
    }) }}
from {{ ref('int_qualtrics__responses') }}
where not is_finished
