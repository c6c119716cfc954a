{{ config(materialized='table') }}
-- People as delivered, and those that only an answer with its person expanded names.
with answered as (
    select
        person_id,
        {{ latest_value('person_name', ['created_at', 'response_id']) }} as name,
        {{ latest_value('person_email', ['created_at', 'response_id']) }} as email,
        {{ latest_value('person_phone', ['created_at', 'response_id']) }} as phone,
        min(created_at) as created_at,
        max(created_at) as updated_at,
        max(delivered_date) as delivered_date
    from {{ ref('stg_delighted__survey_responses') }}
    where coalesce(person_name, person_email, person_phone) is not null
    group by person_id
)

select
    'delighted:people:' || person_id as record_id,
    person_id,
    name,
    email,
    phone,
    created_at,
    greatest(created_at, last_sent_at, last_responded_at) as updated_at,
    delivered_date
from {{ ref('stg_delighted__people') }}
union all
select
    'delighted:people:' || answered.person_id as record_id,
    answered.person_id,
    answered.name,
    answered.email,
    answered.phone,
    answered.created_at,
    answered.updated_at,
    answered.delivered_date
from answered
where answered.person_id not in (select people.person_id from {{ ref('stg_delighted__people') }} as people)
