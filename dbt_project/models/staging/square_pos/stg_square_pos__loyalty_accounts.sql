{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['loyalty_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('square_pos', 'loyalty_accounts'), ['loyalty_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(loyalty_id) as loyalty_id,
    trim(program_id) as program_id,
    trim(customer_id) as customer_id,
    trim(phone) as phone,
    balance,
    lifetime_points,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
