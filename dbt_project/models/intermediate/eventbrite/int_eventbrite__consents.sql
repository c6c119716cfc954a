-- Answers to the company's consent question (var `event_consent_questions`); an unanswered question is silence.
with answered as (
    select
        attendees.record_id,
        {{ yes_or_no(json_text('answer.item', '$.answer')) }} as is_allowed,
        attendees.updated_at as occurred_at
    from {{ ref('int_eventbrite__attendees') }} as attendees
    {{ unnest_json('attendees.answers', 'answer') }}
    where {{ regexp_like("lower(" ~ json_text('answer.item', '$.question') ~ ")", var('event_consent_questions')) }}
    union all
    select
        record_id,
        is_contact_allowed as is_allowed,
        updated_at as occurred_at
    from {{ ref('int_eventbrite__attendees') }}
    where is_contact_allowed is not null
)

select
    record_id,
    'email' as channel,
    case when is_allowed then 'granted' else 'denied' end as state,
    occurred_at,
    'eventbrite' as source
from answered
where is_allowed is not null
