-- An account's e-mail that nobody verified can be typed by anyone: kept, and said so. A contact typed at the checkout
-- of an account may be another person's (a gift, a spouse): evidence, no proof.
with customers as (
    select * from {{ ref('int_shopify__customers') }}
),

guests as (
    select
        *,
        ordered_at as created_at
    from {{ ref('int_shopify__sales') }}
    where is_guest
),

checkouts as (
    select
        orders.record_id,
        case when lower(trim(orders.email)) <> lower(trim(coalesce(customers.email, ''))) then orders.email end as email,
        case when trim(orders.phone) <> trim(coalesce(customers.phone, '')) then orders.phone end as phone,
        orders.ordered_at as created_at,
        orders.updated_at
    from {{ ref('int_shopify__sales') }} as orders
    inner join customers on orders.record_id = customers.record_id
),

devices as (
    select
        record_id,
        anonymous_id,
        ordered_at as created_at,
        ordered_at as updated_at
    from {{ ref('int_shopify__sales') }}
    where
        anonymous_id is not null
        and record_id is not null
    union all
    select
        record_id,
        client_id as anonymous_id,
        occurred_at as created_at,
        occurred_at as updated_at
    from {{ ref('int_shopify__pixel_events') }}
    where
        client_id is not null
        and record_id is not null
)
{{ identifier_rows('customers', [
    {'kind': 'email', 'column': 'email', 'reason': "case when not is_email_verified then 'unverified' end"},
    {'kind': 'phone', 'column': 'phone'},
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'multipass_identifier'}
]) }}
union all
{{ identifier_rows('guests', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'phone'}
]) }}
union all
{{ identifier_rows('checkouts', [
    {'kind': 'email', 'column': 'email', 'trusted': 'false', 'reason': "'checkout_contact'"},
    {'kind': 'phone', 'column': 'phone', 'trusted': 'false', 'reason': "'checkout_contact'"}
]) }}
union all
{{ identifier_rows('devices', [
    {'kind': 'anonymous_id', 'namespace': "'web'", 'column': 'anonymous_id', 'trusted': 'false', 'reason': "'device'"}
]) }}
