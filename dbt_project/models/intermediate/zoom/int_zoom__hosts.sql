{{ config(materialized='table') }}
-- Hosts are in every list of participants and are staff.
select distinct host_email as email
from {{ ref('stg_zoom__sessions') }}
where host_email is not null
