-- Without an id of its own, a recommendation is its time, its reviewer and its text.
with versions as (
    {{ first_by_key(source('facebook', 'recommendations'), ['recommended_at', 'reviewer_id', 'review_text', 'recommendation_type']) }}
)

select
    left({{ hex_digest("concat_ws('|', '" ~ var('facebook_page_id') ~ "', cast(recommended_at as varchar), coalesce(reviewer_id, ''), coalesce(recommendation_type, ''), coalesce(review_text, ''))") }}, 24) as recommendation_id,
    recommended_at,
    rating,
    recommendation_type,
    review_text,
    reviewer_id,
    {{ clean_name('reviewer_name') }} as reviewer_name,
    _dt as delivered_date
from versions
