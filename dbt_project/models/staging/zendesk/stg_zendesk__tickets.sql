{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['ticket_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('zendesk', 'tickets'), ['ticket_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(ticket_id) as ticket_id,
    trim(requester_id) as requester_id,
    trim(assignee_id) as assignee_id,
    via_channel,
    {{ clean_text('via_from_address') }} as via_from_address,
    {{ clean_text('via_from_username') }} as via_from_username,
    recipient,
    subject,
    description,
    ticket_type,
    priority,
    status,
    tags,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
