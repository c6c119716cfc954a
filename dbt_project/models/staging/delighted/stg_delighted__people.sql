with versions as (
    {{ latest_by_key(source('delighted', 'people'), ['person_id']) }}
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
