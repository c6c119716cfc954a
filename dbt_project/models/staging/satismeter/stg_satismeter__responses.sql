with versions as (
    {{ latest_by_key(source('satismeter', 'responses'), ['response_id']) }}
)

select
    trim(response_id) as response_id,
    campaign_id,
    campaign_name,
    created_at,
    rating,
    feedback,
    answers,
    {{ known_user_id('respondent_id') }} as respondent_id,
    {{ known_user_id('user_id') }} as user_id,
    trim(email) as email,
    {{ clean_name('name') }} as name,
    traits,
    language,
    coalesce(is_dismissed, false) as is_dismissed,
    coalesce(is_pending, false) as is_pending,
    _dt as delivered_date
from versions
