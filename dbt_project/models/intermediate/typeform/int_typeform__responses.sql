{{ config(materialized='table') }}
-- Responses with the person behind them: the customer number of the link, else a typed or passed contact.
with roles as (
    select
        response_id,
        max(case when role = 'order_reference' then value end) as order_reference,
        max(case when role = 'customer_no' then value end) as customer_no,
        max(case when role = 'email' then value end) as email,
        max(case when role = 'phone' then value end) as phone
    from {{ ref('int_typeform__answers') }}
    group by response_id
),

people as (
    select
        responses.response_id,
        responses.form_id,
        responses.landed_at,
        responses.submitted_at,
        responses.delivered_date,
        roles.order_reference,
        {{ known_user_id('roles.customer_no') }} as customer_no,
        roles.email,
        roles.phone
    from {{ ref('stg_typeform__responses') }} as responses
    left join roles on responses.response_id = roles.response_id
)

select
    *,
    case when coalesce(customer_no, email, phone) is not null
        then 'typeform:respondents:' || {{ keyed_hash(["coalesce(customer_no, lower(email), phone)"]) }} end as record_id
from people
