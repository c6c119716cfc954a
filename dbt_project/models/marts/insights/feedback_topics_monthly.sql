{{ config(alias='feedback_topics') }}
-- What people wrote (survey comments and their messages in tickets) by declared words. English words match whole
-- tokens, Chinese ones any part of a text with Han characters. A text counts once for each topic it names.
with texts as (
    select
        'feedback' as text_kind,
        feedback_id as text_id,
        profile_id,
        cast(date_trunc('month', occurred_at) as date) as month,
        score_share,
        lower(comment) as body
    from {{ ref('int_feedback_profiled') }}
    where comment is not null

    union all

    select
        'ticket',
        messages.message_id,
        members.profile_id,
        cast(date_trunc('month', messages.occurred_at) as date),
        null,
        lower(messages.body)
    from {{ ref('ticket_messages') }} as messages
    left join {{ ref('stg_identity__profile_members') }} as members on messages.record_id = members.record_id
    where
        messages.direction = 'inbound'
        and messages.body is not null
        and messages.occurred_at < {{ as_of_end() }}
),

english as (
    select
        tokens.text_kind,
        tokens.text_id,
        topics.topic
    from (
        select
            text_kind,
            text_id,
            unnest(regexp_split_to_array(body, '[^a-z]+')) as token
        from texts
    ) as tokens
    inner join {{ ref('feedback_topics') }} as topics on topics.language = 'en' and tokens.token = topics.keyword
),

chinese as (
    select
        texts.text_kind,
        texts.text_id,
        topics.topic
    from texts
    inner join {{ ref('feedback_topics') }} as topics
        on topics.language = 'zh' and contains(texts.body, topics.keyword)
    where regexp_matches(texts.body, '[\x{4e00}-\x{9fff}]')
),

named as (
    select * from english
    union
    select * from chinese
),

-- The share is of all texts, also of those that name no topic.
volumes as (
    select
        text_kind,
        month,
        count(*) as texts
    from texts
    group by text_kind, month
)

select
    named.topic,
    named.text_kind,
    texts.month,
    count(*) as mentions,
    count(distinct texts.profile_id) as profiles,
    round(count(*) / cast(any_value(volumes.texts) as double), 6) as share_of_texts,
    round(avg(texts.score_share), 4) as average_score_share
from named
inner join texts on named.text_kind = texts.text_kind and named.text_id = texts.text_id
inner join volumes on texts.text_kind = volumes.text_kind and texts.month = volumes.month
group by named.topic, named.text_kind, texts.month
