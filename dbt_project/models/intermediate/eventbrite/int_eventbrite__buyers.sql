{{ config(materialized='table') }}
-- The buyer of an order as far as the source tells: named beside the attendees, or the one person on all its tickets.
select
    order_id,
    max(is_bought_by_other) as is_own_record,
    case
        when max(is_bought_by_other) then 'eventbrite:buyers:' || order_id
        when count(distinct concat_ws('|', lower(email), person_name)) = 1 then min(record_id)
    end as record_id,
    max(buyer_email) as email,
    max(buyer_given_name) as given_name,
    max(buyer_family_name) as family_name,
    min(created_at) as created_at,
    max(updated_at) as updated_at,
    max(delivered_date) as delivered_date
from {{ ref('int_eventbrite__attendees') }}
where order_id is not null
group by order_id
