with registrants as (
    select
        record_id,
        phone,
        email,
        min(registered_at) as created_at,
        max(registered_at) as updated_at
    from {{ ref('int_tencent_meeting__registrants') }}
    group by record_id, phone, email
)
{{ identifier_rows(ref('int_tencent_meeting__people'), [
    {'kind': 'external_id', 'namespace': "'tencent_meeting'", 'column': 'open_id'},
    {'kind': 'external_id', 'namespace': "'tencent_customer_data'", 'column': 'customer_data'}
]) }}
union all
{{ identifier_rows('registrants', [
    {'kind': 'phone', 'column': 'phone', 'reason': "'unverified'"},
    {'kind': 'email', 'column': 'email', 'reason': "'unverified'"}
]) }}
