with versions as (
    {{ latest_by_key(source('delighted', 'unsubscribes'), ['person_id']) }}
)

select
    trim(person_id) as person_id,
    unsubscribed_at,
    _dt as delivered_date
from versions
