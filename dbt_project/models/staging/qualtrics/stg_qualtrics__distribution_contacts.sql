with versions as (
    {{ latest_by_key(source('qualtrics', 'distribution_contacts'), ['distribution_id', 'contact_id']) }}
)

select
    trim(distribution_id) as distribution_id,
    trim(contact_id) as contact_id,
    trim(response_id) as response_id,
    status,
    sent_at,
    opened_at,
    completed_at,
    _dt as delivered_date
from versions
