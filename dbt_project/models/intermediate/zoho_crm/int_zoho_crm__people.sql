{{ config(materialized='table') }}
-- Every id that another module may look up, with its record: contacts, leads and companies. Ids are unique across modules.
select
    contact_id as native_id,
    'zoho_crm:contacts:' || contact_id as record_id,
    lower(email) as email,
    true as is_person
from {{ ref('stg_zoho_crm__contacts') }}
union all
select
    lead_id as native_id,
    'zoho_crm:leads:' || lead_id as record_id,
    lower(email) as email,
    true as is_person
from {{ ref('stg_zoho_crm__leads') }}
union all
select
    account_id as native_id,
    'zoho_crm:accounts:' || account_id as record_id,
    cast(null as varchar) as email,
    false as is_person
from {{ ref('stg_zoho_crm__accounts') }}
