{{ config(materialized='table') }}
-- One row per customer's telephone number that called, was called or wrote.
with mentions as (
    select
        customer_number,
        case when is_inbound then caller_name end as name,
        call_id as mention_id,
        started_at as occurred_at,
        delivered_date
    from {{ ref('int_twilio__calls') }}
    union all
    select
        customer_number,
        cast(null as varchar) as name,
        message_id as mention_id,
        sent_at as occurred_at,
        delivered_date
    from {{ ref('int_twilio__texts') }}
)

select
    customer_number,
    {{ keyed_hash(['customer_number']) }} as native_id,
    'twilio:numbers:' || {{ keyed_hash(['customer_number']) }} as record_id,
    {{ latest_value('name', ['occurred_at', 'mention_id']) }} as full_name,
    min(occurred_at) as created_at,
    max(occurred_at) as updated_at,
    max(delivered_date) as delivered_date
from mentions
where customer_number is not null
group by customer_number
