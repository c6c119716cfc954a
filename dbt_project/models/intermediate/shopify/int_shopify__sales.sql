{{ config(materialized='table') }}
-- One row per order from the API and the CSV export; the API wins. Test orders are left out here and thereby everywhere.
with api as (
    select
        orders.*,
        {{ json_text('discount_codes', '$[0].code') }} as discount_code
    from {{ ref('stg_shopify__orders') }} as orders
),

trackers as (
    select
        api.order_id,
        min({{ json_text('attribute.item', '$.value') }}) as anonymous_id
    from api
    {{ unnest_json('api.note_attributes', 'attribute') }}
    where lower({{ json_text('attribute.item', '$.name') }}) in ('{{ var("shopify_anonymous_attributes") | join("', '") }}')
    group by api.order_id
),

exported as (
    select *
    from {{ ref('stg_shopify__orders_export') }}
    where
        line_no = 1
        and order_id not in (select order_id from api)
),

refunds as (
    select
        refunds.order_id,
        sum(try_cast({{ json_text('transaction.item', '$.amount') }} as decimal(18, 4))) as refunded_amount
    from {{ ref('stg_shopify__refunds') }} as refunds
    {{ unnest_json('refunds.transactions', 'transaction') }}
    where
        {{ json_text('transaction.item', '$.kind') }} = 'refund'
        and {{ json_text('transaction.item', '$.status') }} = 'success'
    group by refunds.order_id
),

unioned as (
    select
        api.order_id,
        api.order_name,
        api.email,
        api.phone,
        api.customer_id,
        {{ clean_name('api.billing_given_name') }} as given_name,
        {{ clean_name('api.billing_family_name') }} as family_name,
        cast(null as varchar) as full_name,
        api.billing_street as street,
        api.billing_locality as locality,
        api.billing_region as region,
        api.billing_postcode as postcode,
        api.billing_country as country,
        api.currency,
        api.subtotal_amount,
        api.discount_amount,
        api.tax_amount,
        api.total_amount,
        refunds.refunded_amount,
        api.financial_status,
        api.source_name,
        api.landing_site,
        api.cart_token,
        api.discount_code,
        trackers.anonymous_id,
        api.line_items,
        api.processed_at as ordered_at,
        api.cancelled_at,
        api.updated_at,
        api.delivered_date,
        false as is_export
    from api
    left join trackers on api.order_id = trackers.order_id
    left join refunds on api.order_id = refunds.order_id
    where not coalesce(api.is_test, false)
    union all
    select
        exported.order_id,
        exported.order_name,
        exported.email,
        exported.phone,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as given_name,
        cast(null as varchar) as family_name,
        exported.billing_name as full_name,
        exported.billing_street as street,
        exported.billing_locality as locality,
        exported.billing_region as region,
        exported.billing_postcode as postcode,
        exported.billing_country as country,
        exported.currency,
        exported.subtotal_amount,
        exported.discount_amount,
        exported.tax_amount,
        exported.total_amount,
        greatest(exported.refunded_amount, refunds.refunded_amount) as refunded_amount,
        exported.financial_status,
        exported.source_name,
        cast(null as varchar) as landing_site,
        cast(null as varchar) as cart_token,
        exported.discount_code,
        cast(null as varchar) as anonymous_id,
        cast(null as varchar) as line_items,
        coalesce(exported.paid_at, exported.created_at) as ordered_at,
        exported.cancelled_at,
        coalesce(exported.paid_at, exported.created_at) as updated_at,
        exported.delivered_date,
        true as is_export
    from exported
    left join refunds on exported.order_id = refunds.order_id
)

-- A checkout without an account is a record of its own as soon as it says anything of the person.
select
    *,
    case
        when customer_id is not null then 'shopify:customers:' || customer_id
        when coalesce(nullif(email, ''), nullif(phone, ''), given_name, family_name, full_name) is not null
            then 'shopify:orders:' || order_id
    end as record_id,
    customer_id is null
    and coalesce(nullif(email, ''), nullif(phone, ''), given_name, family_name, full_name) is not null as is_guest
from unioned
