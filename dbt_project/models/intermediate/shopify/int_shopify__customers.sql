{{ config(materialized='table') }}
-- One row per shop account: API, then customer export, then what orders say of accounts that neither delivered.
with buyers as (
    select
        customer_id,
        {{ latest_value('email', ['ordered_at', 'order_id']) }} as email,
        {{ latest_value('phone', ['ordered_at', 'order_id']) }} as phone,
        {{ latest_value('given_name', ['ordered_at', 'order_id']) }} as given_name,
        {{ latest_value('family_name', ['ordered_at', 'order_id']) }} as family_name,
        {{ latest_value('street', ['ordered_at', 'order_id']) }} as street,
        {{ latest_value('locality', ['ordered_at', 'order_id']) }} as locality,
        {{ latest_value('region', ['ordered_at', 'order_id']) }} as region,
        {{ latest_value('postcode', ['ordered_at', 'order_id']) }} as postcode,
        {{ latest_value('country', ['ordered_at', 'order_id']) }} as country,
        min(ordered_at) as created_at,
        max(ordered_at) as updated_at,
        max(delivered_date) as delivered_date
    from {{ ref('int_shopify__sales') }}
    where customer_id is not null
    group by customer_id
),

accounts as (
    select
        coalesce(customers.customer_id, exported.customer_id) as customer_id,
        coalesce(nullif(customers.email, ''), exported.email) as email,
        customers.is_email_verified,
        coalesce(nullif(customers.phone, ''), exported.phone) as phone,
        coalesce(customers.given_name, exported.given_name) as given_name,
        coalesce(customers.family_name, exported.family_name) as family_name,
        coalesce(customers.street, exported.street) as street,
        coalesce(customers.unit, exported.unit) as unit,
        coalesce(customers.locality, exported.locality) as locality,
        coalesce(customers.region, exported.region) as region,
        coalesce(customers.postcode, exported.postcode) as postcode,
        coalesce(customers.country, exported.country) as country,
        customers.multipass_identifier,
        customers.email_consent,
        customers.sms_consent,
        exported.is_email_subscribed,
        exported.is_sms_subscribed,
        exported.delivered_date as exported_date,
        coalesce(customers.created_at, cast(exported.delivered_date as timestamp)) as created_at,
        coalesce(customers.updated_at, cast(exported.delivered_date as timestamp)) as updated_at,
        greatest(customers.delivered_date, exported.delivered_date) as delivered_date
    from {{ ref('stg_shopify__customers') }} as customers
    full outer join {{ ref('stg_shopify__customers_export') }} as exported
        on customers.customer_id = exported.customer_id
)

select
    *,
    'shopify:customers:' || customer_id as record_id
from accounts
union all
select
    customer_id,
    email,
    cast(null as boolean) as is_email_verified,
    phone,
    given_name,
    family_name,
    street,
    cast(null as varchar) as unit,
    locality,
    region,
    postcode,
    country,
    cast(null as varchar) as multipass_identifier,
    cast(null as varchar) as email_consent,
    cast(null as varchar) as sms_consent,
    cast(null as boolean) as is_email_subscribed,
    cast(null as boolean) as is_sms_subscribed,
    cast(null as date) as exported_date,
    created_at,
    updated_at,
    delivered_date,
    'shopify:customers:' || customer_id as record_id
from buyers
where customer_id not in (select customer_id from accounts)
