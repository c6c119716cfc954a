-- The last statement per record, purpose and channel. It holds from the run that takes it in, whatever the clock says: an
-- objection must not wait for the as-of to reach the hour at which it was made.
select
    record_id,
    purpose,
    channel,
    state,
    least(occurred_at, cast(delivered_date as timestamp)) as occurred_at,
    'consent_desk' as source
from {{ ref('stg_consent_desk__changes') }}
qualify row_number() over (partition by record_id, purpose, channel order by try_cast(change_id as bigint) desc) = 1
