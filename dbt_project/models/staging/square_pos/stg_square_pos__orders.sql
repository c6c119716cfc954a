{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['order_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('square_pos', 'orders'), ['order_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(order_id) as order_id,
    trim(location_id) as location_id,
    trim(customer_id) as customer_id,
    state,
    version,
    {{ from_minor_units('total_cents', "currency") }} as total_amount,
    {{ from_minor_units('tax_cents', "currency") }} as tax_amount,
    {{ from_minor_units('discount_cents', "currency") }} as discount_amount,
    {{ from_minor_units('tip_cents', "currency") }} as tip_amount,
    {{ from_minor_units('net_cents', "currency") }} as net_amount,
    currency,
    source_name,
    line_items,
    discounts,
    tenders,
    created_at,
    updated_at,
    closed_at,
    _dt as delivered_date
from versions
