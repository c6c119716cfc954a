-- The topics that a text names by declared words: English words match whole tokens, English phrases several in a row,
-- Chinese ones any part of a text with Han characters. A text names a topic once.
select
    tokens.text_kind,
    tokens.text_id,
    topics.topic
from (
    select
        text_kind,
        text_id,
        unnest(regexp_split_to_array(body, '[^a-z]+')) as token
    from {{ ref('int_texts') }}
) as tokens
inner join {{ ref('feedback_topics') }} as topics on topics.language = 'en' and tokens.token = topics.keyword

union

select
    texts.text_kind,
    texts.text_id,
    topics.topic
from (
    select
        text_kind,
        text_id,
        ' ' || {{ replace_pattern('body', '[^a-z]+', ' ') }} || ' ' as spoken
    from {{ ref('int_texts') }}
) as texts
inner join {{ ref('feedback_topics') }} as topics
    on topics.language = 'en' and contains(topics.keyword, ' ') and contains(texts.spoken, ' ' || topics.keyword || ' ')

union

select
    texts.text_kind,
    texts.text_id,
    topics.topic
from {{ ref('int_texts') }} as texts
inner join {{ ref('feedback_topics') }} as topics
    on topics.language = 'zh' and contains(texts.body, topics.keyword)
where regexp_matches(texts.body, '[\x{4e00}-\x{9fff}]')
