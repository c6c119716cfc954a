{{ config(materialized='table') }}
select
    record_id,
    max(buyer_id) as buyer_id,
    max(case when buyer_id is not null then platform || ':' || shop end) as buyer_namespace,
    {{ latest_value('receiver_name', ['ordered_at', 'order_id']) }} as full_name,
    {{ latest_value('receiver_phone', ['ordered_at', 'order_id']) }} as receiver_phone,
    {{ latest_value('confirmed_phone', ['ordered_at', 'order_id']) }} as confirmed_phone,
    {{ latest_value('street', ['ordered_at', 'order_id']) }} as street,
    {{ latest_value('locality', ['ordered_at', 'order_id']) }} as locality,
    {{ latest_value('region', ['ordered_at', 'order_id']) }} as region,
    {{ latest_value('postcode', ['ordered_at', 'order_id']) }} as postcode,
    {{ latest_value('country', ['ordered_at', 'order_id']) }} as country,
    max(buyer_id) is null as is_guest,
    min(ordered_at) as created_at,
    max(ordered_at) as updated_at,
    max(delivered_date) as delivered_date
from {{ ref('int_marketplace__sales') }}
where record_id is not null
group by record_id
