{{ config(materialized='table') }}
-- customer_id → record: the customer's own, else the loyalty card that carries the customer id.
select
    customer_id,
    record_id
from {{ ref('int_square_pos__customers') }}
union all
select
    customer_id,
    min(record_id) as record_id
from {{ ref('int_square_pos__loyalty_accounts') }}
where
    is_own_record
    and customer_id is not null
group by customer_id
