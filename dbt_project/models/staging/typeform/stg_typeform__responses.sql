-- Forms that nobody submitted carry no submit time, or one in the year 1.
with versions as (
    {{ latest_by_key(source('typeform', 'responses'), ['response_id']) }}
)

select
    trim(response_id) as response_id,
    form_id,
    landed_at,
    case when submitted_at >= cast('1970-01-01' as timestamp) then submitted_at end as submitted_at,
    hidden,
    answers,
    -- A CSV download has no list of answers: its question columns are those the contract does not know.
    case when answers is null then _extra end as question_columns,
    platform,
    _dt as delivered_date
from versions
