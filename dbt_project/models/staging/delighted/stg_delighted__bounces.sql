with versions as (
    {{ latest_by_key(source('delighted', 'bounces'), ['person_id']) }}
)

select
    trim(person_id) as person_id,
    bounced_at,
    _dt as delivered_date
from versions
