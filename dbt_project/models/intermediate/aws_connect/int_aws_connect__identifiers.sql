-- The flow's e-mail was typed into a form or spelled on the telephone.
with seen as (
    select
        customers.record_id,
        contacts.customer_no,
        contacts.email,
        contacts.phone,
        min(contacts.initiated_at) as created_at,
        max(contacts.updated_at) as updated_at
    from {{ ref('int_aws_connect__contacts') }} as contacts
    inner join {{ ref('int_aws_connect__customers') }} as customers on contacts.person_key = customers.person_key
    group by
        customers.record_id,
        contacts.customer_no,
        contacts.email,
        contacts.phone
)
{{ identifier_rows('seen', [
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_no'},
    {'kind': 'email', 'column': 'email', 'reason': "'unverified'"},
    {'kind': 'phone', 'column': 'phone'}
]) }}
