{{ config(materialized='table') }}
-- One row per recipient: what the newest piece says. Addresses are the standardised ones of the carrier.
{%- set newest = ['sent_at', 'piece_id'] %}
select
    record_id,
    substr(record_id, length('lob:recipients:') + 1) as native_id,
    max(customer_id) as customer_id,
    {{ latest_value('case when not is_household then recipient_name end', newest) }} as full_name,
    {%- for column in ['recipient_company', 'recipient_phone', 'recipient_email', 'street', 'unit', 'locality', 'region', 'postcode', 'country'] %}
    {{ latest_value(column, newest) }} as {{ column }},
    {%- endfor %}
    min(coalesce(created_at, sent_at)) as created_at,
    max(sent_at) as updated_at,
    max(delivered_date) as delivered_date
from {{ ref('int_lob__pieces') }}
where record_id is not null
group by record_id
