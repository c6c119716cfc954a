-- What people wrote (comments of answers and their messages in tickets) with the judgement of the analytics step. The
-- badness of a text is 1 less its score's share of the scale, or without a score the negative part of its sentiment.
with texts as (
    select
        'feedback' as text_kind,
        feedback_id as text_id,
        profile_id,
        coalesce(touchpoint, 'unknown') as touchpoint,
        coalesce(channel, 'unknown') as channel,
        occurred_at,
        score_share,
        lower(comment) as body
    from {{ ref('int_feedback_profiled') }}
    where comment is not null

    union all

    select
        'ticket',
        messages.message_id,
        members.profile_id,
        coalesce(tickets.touchpoint, 'unknown'),
        coalesce(tickets.channel, 'unknown'),
        messages.occurred_at,
        null,
        lower(messages.body)
    from {{ ref('ticket_messages') }} as messages
    left join {{ ref('tickets') }} as tickets on messages.ticket_id = tickets.ticket_id
    left join {{ ref('stg_identity__profile_members') }} as members on messages.record_id = members.record_id
    where
        messages.direction = 'inbound'
        and messages.body is not null
        and {{ known_by('messages.occurred_at') }}
)

select
    texts.*,
    judged.language,
    judged.sentiment,
    judged.sentiment_score,
    coalesce(1 - texts.score_share, greatest(-judged.sentiment_score, 0)) as badness,
    coalesce(texts.score_share < 0.5, judged.sentiment = 'negative', false) as is_bad
from texts
left join {{ ref('stg_analytics__feedback_texts') }} as judged
    on texts.text_kind = judged.text_kind and texts.text_id = judged.text_id
