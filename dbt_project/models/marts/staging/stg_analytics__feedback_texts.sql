select
    cast(text_kind as varchar) as text_kind,
    cast(text_id as varchar) as text_id,
    cast(language as varchar) as language,
    cast(sentiment as varchar) as sentiment,
    cast(sentiment_score as double) as sentiment_score
from {{ source('analytics', 'feedback_texts') }}
