select
    'fxiaoke_crm:AccountObj:' || id as record_id,
    'fxiaoke_crm' as source,
    'AccountObj' as object,
    id as native_id,
    {{ record_columns({
        'full_name': 'person_name',
        'organisation': 'organisation',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at',
        'is_deleted': 'is_deleted'
    }) }}
from {{ ref('stg_fxiaoke_crm__AccountObj') }}
union all
select
    'fxiaoke_crm:ContactObj:' || contacts.id as record_id,
    'fxiaoke_crm' as source,
    'ContactObj' as object,
    contacts.id as native_id,
    {{ record_columns({
        'full_name': 'contacts.name',
        'organisation': 'coalesce(accounts.organisation, contacts.account_name)',
        'birth_date': 'contacts.birth_date',
        'gender': 'genders.value',
        'street': 'contacts.street',
        'created_at': 'contacts.created_at',
        'updated_at': 'contacts.updated_at',
        'delivered_date': 'contacts.delivered_date',
        'is_deleted': 'contacts.is_deleted'
    }) }}
from {{ ref('stg_fxiaoke_crm__ContactObj') }} as contacts
left join {{ ref('stg_fxiaoke_crm__AccountObj') }} as accounts on contacts.account_id = accounts.id
left join {{ ref('option_codes') }} as genders
    on
        genders.source = 'fxiaoke_crm'
        and genders.object = 'ContactObj'
        and genders.field = 'gender'
        and contacts.gender = genders.code
union all
select
    'fxiaoke_crm:LeadsObj:' || id as record_id,
    'fxiaoke_crm' as source,
    'LeadsObj' as object,
    id as native_id,
    {{ record_columns({
        'full_name': 'name',
        'organisation': 'company',
        'created_at': 'created_at',
        'updated_at': 'updated_at',
        'is_deleted': 'is_deleted'
    }) }}
from {{ ref('stg_fxiaoke_crm__LeadsObj') }}
union all
select
    record_id,
    'fxiaoke_crm' as source,
    'members' as object,
    member_id as native_id,
    {{ record_columns({'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from {{ ref('int_fxiaoke_crm__members') }}
