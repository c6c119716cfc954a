select cast(run_id as varchar) as run_id
from {{ source('history', 'profile_event_runs') }}
