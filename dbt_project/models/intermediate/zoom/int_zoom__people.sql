{{ config(materialized='table') }}
-- Participants who did not register: known by an e-mail address or the company's own key.
select
    record_id,
    replace(record_id, 'zoom:participants:', '') as native_id,
    max(email) as email,
    max(customer_key) as customer_key,
    -- After a change of name the original stands in brackets; a device's name is none.
    {{ latest_value(
        clean_name("case when not " ~ regexp_like("lower(name)", "(iphone|ipad|galaxy|android|pixel|phone|user|guest)")
            ~ " then coalesce(" ~ regexp_group("name", "^.*[(](.+ .+)[)]$", 1) ~ ", name) end"),
        ['joined_at', 'name']
    ) }} as full_name,
    min(joined_at) as created_at,
    max(joined_at) as updated_at,
    max(delivered_date) as delivered_date
from {{ ref('int_zoom__joins') }}
where
    record_id is not null
    and not is_registered
group by record_id
