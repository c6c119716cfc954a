-- An empty opt-in cell is silence, no refusal.
select
    record_id,
    'email' as channel,
    case when is_contact_allowed then 'granted' else 'denied' end as state,
    updated_at as occurred_at,
    'badge_scan' as source
from {{ ref('int_badge_scan__visitors') }}
where is_contact_allowed is not null
