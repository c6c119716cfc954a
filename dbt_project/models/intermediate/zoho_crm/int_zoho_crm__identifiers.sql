-- `Phone` is often the switchboard of a company and `Home_Phone` one of a household: evidence, no proof.
with contacts as (
    select
        *,
        'zoho_crm:contacts:' || contact_id as record_id
    from {{ ref('stg_zoho_crm__contacts') }}
),

leads as (
    select
        *,
        'zoho_crm:leads:' || lead_id as record_id
    from {{ ref('stg_zoho_crm__leads') }}
),

accounts as (
    select
        *,
        'zoho_crm:accounts:' || account_id as record_id
    from {{ ref('stg_zoho_crm__accounts') }}
)
{{ identifier_rows('contacts', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'email', 'column': 'secondary_email'},
    {'kind': 'phone', 'column': 'mobile'},
    {'kind': 'phone', 'column': 'phone', 'trusted': 'false', 'reason': "'weak_source'"},
    {'kind': 'phone', 'column': 'home_phone', 'trusted': 'false', 'reason': "'weak_source'"},
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_no'}
]) }}
union all
{{ identifier_rows('leads', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'mobile'},
    {'kind': 'phone', 'column': 'phone', 'trusted': 'false', 'reason': "'weak_source'"}
]) }}
union all
{{ identifier_rows('accounts', [
    {'kind': 'phone', 'column': 'phone', 'trusted': 'false', 'reason': "'weak_source'"}
]) }}
