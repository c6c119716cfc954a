{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['ticket_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('zendesk', 'ticket_metrics'), ['ticket_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(ticket_id) as ticket_id,
    reply_minutes,
    first_resolution_minutes,
    full_resolution_minutes,
    replies,
    reopens,
    solved_at,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
