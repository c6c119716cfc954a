-- Answers to the company's consent question (var `event_consent_questions`); an unanswered question is silence.
with answered as (
    select
        registrants.record_id,
        {{ yes_or_no(json_text('answer.item', '$.value')) }} as is_allowed,
        registrants.registered_at as occurred_at
    from {{ ref('int_zoom__registrants') }} as registrants
    {{ unnest_json('registrants.answers', 'answer') }}
    where {{ regexp_like("lower(" ~ json_text('answer.item', '$.title') ~ ")", var('event_consent_questions')) }}
)

select
    record_id,
    'email' as channel,
    case when is_allowed then 'granted' else 'denied' end as state,
    occurred_at,
    'zoom' as source
from answered
where is_allowed is not null
