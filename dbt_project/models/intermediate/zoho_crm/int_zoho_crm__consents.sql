-- Not opted out is no grant.
select
    'zoho_crm:contacts:' || contact_id as record_id,
    'email' as channel,
    'denied' as state,
    updated_at as occurred_at,
    'zoho_crm' as source
from {{ ref('stg_zoho_crm__contacts') }}
where is_email_opted_out
union all
select
    'zoho_crm:leads:' || lead_id as record_id,
    'email' as channel,
    'denied' as state,
    updated_at as occurred_at,
    'zoho_crm' as source
from {{ ref('stg_zoho_crm__leads') }}
where is_email_opted_out
