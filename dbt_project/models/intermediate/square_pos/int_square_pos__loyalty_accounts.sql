{{ config(materialized='table') }}
-- A card of a known customer belongs to that customer's record; any other card is a record of its own.
select
    loyalty.*,
    coalesce(customers.record_id, 'square_pos:loyalty_accounts:' || loyalty.loyalty_id) as record_id,
    customers.record_id is null as is_own_record
from {{ ref('stg_square_pos__loyalty_accounts') }} as loyalty
left join {{ ref('int_square_pos__customers') }} as customers
    on loyalty.customer_id = customers.customer_id
