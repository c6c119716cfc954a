with versions as (
    {{ latest_by_key(source('zoho_crm', 'calls'), ['call_id'], updated_at='updated_at') }}
)

select
    trim(call_id) as call_id,
    subject,
    call_type,
    started_at,
    coalesce(
        duration_seconds,
        60 * try_cast({{ regexp_group('duration', '^([0-9]+):[0-9]{2}$', 1) }} as bigint)
        + try_cast({{ regexp_group('duration', '^[0-9]+:([0-9]{2})$', 1) }} as bigint)
    ) as duration_seconds,
    trim(contact_id) as contact_id,
    call_result,
    updated_at,
    _dt as delivered_date
from versions
