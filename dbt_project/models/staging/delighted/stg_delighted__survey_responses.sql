with versions as (
    {{ latest_by_key(source('delighted', 'survey_responses'), ['response_id'], updated_at='updated_at') }}
)

select
    trim(response_id) as response_id,
    trim(person_id) as person_id,
    survey_type,
    score,
    comment,
    person_properties,
    tags,
    additional_answers,
    {{ clean_name('person_name') }} as person_name,
    trim(person_email) as person_email,
    trim(person_phone) as person_phone,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
