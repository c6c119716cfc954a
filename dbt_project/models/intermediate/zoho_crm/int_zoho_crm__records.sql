with deletions as (
    select
        record_id,
        max(deleted_at) as deleted_at
    from {{ ref('stg_zoho_crm__deleted_records') }}
    group by record_id
),

contacts as (
    select
        contacts.*,
        deletions.deleted_at is not null as is_deleted
    from {{ ref('stg_zoho_crm__contacts') }} as contacts
    left join deletions
        on
            contacts.contact_id = deletions.record_id
            and contacts.updated_at <= deletions.deleted_at
),

leads as (
    select
        leads.*,
        deletions.deleted_at is not null as is_deleted
    from {{ ref('stg_zoho_crm__leads') }} as leads
    left join deletions
        on
            leads.lead_id = deletions.record_id
            and leads.updated_at <= deletions.deleted_at
),

accounts as (
    select
        accounts.*,
        deletions.deleted_at is not null as is_deleted
    from {{ ref('stg_zoho_crm__accounts') }} as accounts
    left join deletions
        on
            accounts.account_id = deletions.record_id
            and accounts.updated_at <= deletions.deleted_at
)

select
    'zoho_crm:contacts:' || contact_id as record_id,
    'zoho_crm' as source,
    'contacts' as object,
    contact_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'full_name': 'full_name',
        'organisation': 'account_name',
        'birth_date': 'birth_date',
        'gender': "case when lower(salutation) in ('mr', 'mr.', '先生') then 'male'"
            ~ " when lower(salutation) in ('mrs', 'mrs.', 'ms', 'ms.', 'miss', '女士', '小姐') then 'female' end",
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at',
        'is_deleted': 'is_deleted'
    }) }}
from contacts
union all
select
    'zoho_crm:leads:' || lead_id as record_id,
    'zoho_crm' as source,
    'leads' as object,
    lead_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'organisation': 'company',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at',
        'is_deleted': 'is_deleted'
    }) }}
from leads
union all
select
    'zoho_crm:accounts:' || account_id as record_id,
    'zoho_crm' as source,
    'accounts' as object,
    account_id as native_id,
    {{ record_columns({
        'organisation': 'account_name',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at',
        'is_deleted': 'is_deleted'
    }) }}
from accounts
