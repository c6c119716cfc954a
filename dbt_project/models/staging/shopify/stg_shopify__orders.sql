{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['order_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('shopify', 'orders'), ['order_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(order_id) as order_id,
    order_name,
    trim(email) as email,
    trim(phone) as phone,
    trim(customer_id) as customer_id,
    billing_given_name,
    billing_family_name,
    billing_street,
    billing_locality,
    billing_region,
    billing_postcode,
    billing_country,
    currency,
    subtotal_amount,
    discount_amount,
    tax_amount,
    total_amount,
    financial_status,
    is_test,
    source_name,
    landing_site,
    cart_token,
    checkout_token,
    discount_codes,
    note_attributes,
    line_items,
    created_at,
    processed_at,
    cancelled_at,
    updated_at,
    _dt as delivered_date
from versions
