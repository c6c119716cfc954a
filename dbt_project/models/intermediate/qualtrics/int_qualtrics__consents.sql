-- Leaving the directory stops surveys, nothing else.
select
    'qualtrics:contacts:' || contact_id as record_id,
    'survey' as channel,
    'denied' as state,
    coalesce(unsubscribed_at, updated_at) as occurred_at,
    'qualtrics' as source
from {{ ref('stg_qualtrics__contacts') }}
where is_unsubscribed
