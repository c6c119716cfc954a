{{ config(materialized='table') }}
select
    buyer_id as native_id,
    'meituan:buyers:' || buyer_id as record_id,
    {{ latest_value('open_uid', ['ordered_at', 'order_id']) }} as open_uid,
    {{ latest_value('member_no', ['ordered_at', 'order_id']) }} as member_no,
    {{ latest_value('confirmed_phone', ['ordered_at', 'order_id']) }} as confirmed_phone,
    {{ latest_value('recipient_name', ['ordered_at', 'order_id']) }} as full_name,
    {{ latest_value('recipient_gender', ['ordered_at', 'order_id']) }} as gender,
    {{ latest_value('street', ['ordered_at', 'order_id']) }} as street,
    min(ordered_at) as created_at,
    max(coalesce(updated_at, ordered_at)) as updated_at,
    max(delivered_date) as delivered_date
from {{ ref('int_meituan__buyers') }}
where buyer_id is not null
group by buyer_id
