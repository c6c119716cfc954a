{{ config(materialized='table') }}
-- One row per visitor: of several scans the newest that says anything.
{%- set newest = ['scanned_at', "coalesce(scan_id, '')"] %}
select
    record_id,
    substr(record_id, length('badge_scan:visitors:') + 1) as native_id,
    min(event_key) as event_key,
    max(badge_id) as badge_id,
    {%- for column in ['given_name', 'family_name', 'full_name', 'email', 'mobile', 'phone', 'company', 'street', 'locality', 'region', 'postcode', 'country', 'is_contact_allowed'] %}
    {{ latest_value(column, newest) }} as {{ column }},
    {%- endfor %}
    min(scanned_at) as created_at,
    max(scanned_at) as updated_at,
    max(delivered_date) as delivered_date
from {{ ref('int_badge_scan__scans') }}
group by record_id
