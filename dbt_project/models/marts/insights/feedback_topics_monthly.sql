{{ config(alias='feedback_topics') }}
-- The share is of all texts, also of those that name no topic.
with volumes as (
    select
        text_kind,
        date_trunc('month', occurred_at) as month,
        count(*) as texts
    from {{ ref('int_texts') }}
    group by 1, 2
)

select
    topics.topic,
    topics.text_kind,
    cast(date_trunc('month', texts.occurred_at) as date) as month,
    count(*) as mentions,
    count(distinct texts.profile_id) as profiles,
    round(count(*) / cast(any_value(volumes.texts) as double), 6) as share_of_texts,
    round({{ steady_mean('texts.score_share', 'true') }}, 4) as average_score_share,
    count(*) filter (where texts.sentiment = 'negative') as negative_mentions,
    count(*) filter (where texts.sentiment = 'positive') as positive_mentions,
    round({{ steady_mean('texts.sentiment_score', 'true') }}, 4) as average_sentiment_score
from {{ ref('int_text_topics') }} as topics
inner join {{ ref('int_texts') }} as texts on topics.text_kind = texts.text_kind and topics.text_id = texts.text_id
inner join volumes
    on texts.text_kind = volumes.text_kind and date_trunc('month', texts.occurred_at) = volumes.month
group by 1, 2, 3
