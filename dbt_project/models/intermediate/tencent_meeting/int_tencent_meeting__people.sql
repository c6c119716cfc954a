{{ config(materialized='table') }}
select
    record_id,
    replace(record_id, 'tencent_meeting:participants:', '') as native_id,
    max(open_id) as open_id,
    {{ latest_value('customer_data', ['joined_at', 'customer_data']) }} as customer_data,
    {{ latest_value('name', ['joined_at', 'name']) }} as full_name,
    min(joined_at) as created_at,
    max(joined_at) as updated_at,
    max(delivered_date) as delivered_date
from {{ ref('int_tencent_meeting__joins') }}
where record_id is not null
group by record_id
