-- The id of a contact is an identifier of the contact and of the lead that was converted into it: the CRM's own link.
with accounts as (
    select
        *,
        'fxiaoke_crm:AccountObj:' || id as record_id
    from {{ ref('stg_fxiaoke_crm__AccountObj') }}
),

contacts as (
    select
        *,
        'fxiaoke_crm:ContactObj:' || id as record_id
    from {{ ref('stg_fxiaoke_crm__ContactObj') }}
),

leads as (
    select
        *,
        'fxiaoke_crm:LeadsObj:' || id as record_id
    from {{ ref('stg_fxiaoke_crm__LeadsObj') }}
),

numbers as (
    select * from {{ ref('int_fxiaoke_crm__numbers') }}
)
{{ identifier_rows('accounts', [
    {'kind': 'customer_no', 'namespace': "'fxiaoke_crm'", 'column': 'account_no'},
    {'kind': 'email', 'column': 'email', 'trusted': 'person_name is not null', 'reason': "case when person_name is null then 'weak_source' end"}
]) }}
union all
select
    record_id,
    'phone' as kind,
    '' as namespace,
    phone as value_raw,
    is_trusted,
    case when not is_trusted then 'weak_source' end as reason,
    created_at as first_seen_at,
    updated_at as last_seen_at
from numbers
where phone is not null
union all
{{ identifier_rows('contacts', [
    {'kind': 'phone', 'column': 'mobile1'},
    {'kind': 'phone', 'column': 'mobile2'},
    {'kind': 'phone', 'column': 'mobile3'},
    {'kind': 'phone', 'column': 'mobile4'},
    {'kind': 'phone', 'column': 'mobile5'},
    {'kind': 'phone', 'column': 'tel1', 'trusted': 'false', 'reason': "'weak_source'"},
    {'kind': 'phone', 'column': 'tel2', 'trusted': 'false', 'reason': "'weak_source'"},
    {'kind': 'phone', 'column': 'tel3', 'trusted': 'false', 'reason': "'weak_source'"},
    {'kind': 'phone', 'column': 'tel4', 'trusted': 'false', 'reason': "'weak_source'"},
    {'kind': 'phone', 'column': 'tel5', 'trusted': 'false', 'reason': "'weak_source'"},
    {'kind': 'email', 'column': 'email'},
    {'kind': 'external_id', 'namespace': "'fxiaoke_contact'", 'column': 'id'}
]) }}
union all
{{ identifier_rows('leads', [
    {'kind': 'phone', 'column': 'mobile'},
    {'kind': 'email', 'column': 'email'},
    {'kind': 'external_id', 'namespace': "'fxiaoke_contact'", 'column': 'contact_id'}
]) }}
union all
{{ identifier_rows(ref('int_fxiaoke_crm__members'), [
    {'kind': 'loyalty_id', 'namespace': "'fxiaoke_crm'", 'column': 'member_id'}
]) }}
