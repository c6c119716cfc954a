{{ config(materialized='table') }}
-- One row per person whom the contact centre could tell apart.
select
    person_key,
    {{ keyed_hash(['person_key']) }} as native_id,
    'aws_connect:customers:' || {{ keyed_hash(['person_key']) }} as record_id,
    max(customer_no) as customer_no,
    {{ latest_value('customer_name', ['initiated_at', 'contact_id']) }} as full_name,
    min(initiated_at) as created_at,
    max(updated_at) as updated_at,
    max(delivered_date) as delivered_date
from {{ ref('int_aws_connect__contacts') }}
where person_key is not null
group by person_key
