{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['response_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('delighted', 'survey_responses'), ['response_id'], updated_at='updated_at', changed_since=last_appended()) }}
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
