with versions as (
    {{ latest_by_key(source('twilio', 'calls'), ['call_id'], updated_at='updated_at', keep=['caller_name']) }}
)

select
    call_id,
    parent_call_id,
    lower(direction) as direction,
    {{ clean_text('from_number') }} as from_number,
    {{ clean_text('to_number') }} as to_number,
    {{ clean_name('_kept_caller_name') }} as caller_name,
    lower(status) as status,
    coalesce(started_at, created_at, updated_at) as started_at,
    ended_at,
    updated_at,
    duration_seconds,
    queue_milliseconds,
    answered_by,
    price_amount,
    upper(price_currency) as price_currency,
    _dt as delivered_date
from versions
