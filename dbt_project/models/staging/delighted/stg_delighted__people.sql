{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['person_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('delighted', 'people'), ['person_id'], changed_since=last_appended()) }}
)

select
    trim(person_id) as person_id,
    {{ clean_name('name') }} as name,
    trim(email) as email,
    trim(phone) as phone,
    created_at,
    last_sent_at,
    last_responded_at,
    _dt as delivered_date
from versions
