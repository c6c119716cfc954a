with versions as (
    {{ first_by_key(source('consent_desk', 'changes'), ['change_id']) }}
)

select
    trim(change_id) as change_id,
    trim(record_id) as record_id,
    lower(trim(purpose)) as purpose,
    lower(trim(coalesce(channel, ''))) as channel,
    state,
    occurred_at,
    _dt as delivered_date
from versions
