select
    record_id,
    'email' as channel,
    case when is_contact_allowed then 'granted' else 'denied' end as state,
    updated_at as occurred_at,
    'event_registration' as source
from {{ ref('int_event_registration__registrations') }}
where
    is_contact_allowed is not null
    and record_id is not null
    and updated_at is not null
