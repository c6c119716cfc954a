{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['payment_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('square_pos', 'payments'), ['payment_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(payment_id) as payment_id,
    trim(order_id) as order_id,
    trim(customer_id) as customer_id,
    trim(location_id) as location_id,
    status,
    source_type,
    {{ from_minor_units('amount_cents', "currency") }} as amount,
    {{ from_minor_units('total_cents', "currency") }} as total_amount,
    currency,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
