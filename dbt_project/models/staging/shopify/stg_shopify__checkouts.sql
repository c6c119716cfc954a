{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['checkout_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('shopify', 'checkouts'), ['checkout_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(checkout_id) as checkout_id,
    token,
    cart_token,
    trim(email) as email,
    trim(phone) as phone,
    trim(customer_id) as customer_id,
    currency,
    total_amount,
    line_items,
    created_at,
    updated_at,
    completed_at,
    _dt as delivered_date
from versions
