-- Answers come from the feedback; here are the invitations (the last one of a person is all that is delivered).
select
    'delighted:people:' || person_id || ':sent' as interaction_id,
    'delighted:people:' || person_id as record_id,
    {{ interaction_columns({
        'touchpoint': "'nps_survey'",
        'direction': "'outbound'",
        'interaction_type': "'survey_sent'",
        'occurred_at': 'last_sent_at'
    }) }}
from {{ ref('stg_delighted__people') }}
where last_sent_at is not null
union all
select
    'delighted:people:' || person_id || ':bounced' as interaction_id,
    'delighted:people:' || person_id as record_id,
    {{ interaction_columns({
        'touchpoint': "'nps_survey'",
        'direction': "'outbound'",
        'interaction_type': "'survey_bounced'",
        'occurred_at': 'bounced_at'
    }) }}
from {{ ref('stg_delighted__bounces') }}
