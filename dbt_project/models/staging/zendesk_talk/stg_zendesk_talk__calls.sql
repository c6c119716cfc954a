with versions as (
    {{ latest_by_key(source('zendesk_talk', 'calls'), ['call_id'], updated_at='updated_at') }}
)

select
    call_id,
    ticket_id,
    user_id,
    agent_id,
    lower(direction) as direction,
    lower(completion_status) as completion_status,
    {{ clean_text('line') }} as line,
    duration_seconds,
    talk_seconds,
    wait_seconds,
    answer_seconds,
    hold_seconds,
    is_voicemail,
    is_callback,
    started_at,
    updated_at,
    _dt as delivered_date
from versions
