{{ config(materialized='table') }}
-- Responses with the person behind them: the contact they were sent to, else the recipient's address or the company's
-- customer number. A response with none of them is anonymous and stays so.
with roles as (
    select
        response_id,
        max(case when role = 'order_reference' then value end) as order_reference,
        max(case when role = 'customer_no' then value end) as customer_no,
        max(case when role = 'email' then value end) as email,
        max(case when role = 'phone' then value end) as phone
    from {{ ref('int_qualtrics__answers') }}
    group by response_id
),

invited as (
    select
        response_id,
        min(contact_id) as contact_id
    from {{ ref('stg_qualtrics__distribution_contacts') }}
    where response_id is not null
    group by response_id
),

people as (
    select
        responses.*,
        roles.order_reference,
        roles.phone,
        coalesce(nullif(responses.recipient_email, ''), roles.email) as email,
        coalesce({{ known_user_id('responses.external_reference') }}, {{ known_user_id('roles.customer_no') }}) as customer_no,
        contacts.contact_id
    from {{ ref('stg_qualtrics__responses') }} as responses
    left join roles on responses.response_id = roles.response_id
    left join invited on responses.response_id = invited.response_id
    left join {{ ref('stg_qualtrics__contacts') }} as contacts on invited.contact_id = contacts.contact_id
)

select
    *,
    case
        when contact_id is not null then 'qualtrics:contacts:' || contact_id
        when coalesce(customer_no, email, phone) is not null
            then 'qualtrics:respondents:' || {{ keyed_hash(["coalesce(customer_no, lower(email), phone)"]) }}
    end as record_id
from people
