-- Mailboxes of departments and everything a company can be called by are evidence, no proof of a person. A mobile that
-- a sheet names beside an account of the master was typed for that order.
with customers as (
    select
        *,
        is_organisation or {{ is_role_mailbox('email') }} as is_shared_mailbox,
        -- A number is unique in its country only.
        'tax_id:' || lower(coalesce(trim(country), '')) as tax_namespace
    from {{ ref('int_erp__customers') }}
),

typed as (
    select
        customers.record_id,
        heads.mobile,
        heads.email,
        heads.ordered_at as created_at,
        heads.updated_at
    from {{ ref('int_erp__heads') }} as heads
    inner join customers
        on
            heads.customer_no = customers.customer_no
            and (
                heads.mobile is distinct from customers.mobile
                or heads.email is distinct from customers.email
            )
    where not heads.is_collective
)
{{ identifier_rows('customers', [
    {'kind': 'email', 'column': 'email', 'trusted': 'not is_shared_mailbox', 'reason': "case when is_shared_mailbox then 'weak_source' end"},
    {'kind': 'phone', 'column': 'mobile', 'trusted': 'not is_organisation', 'reason': "case when is_organisation then 'weak_source' end"},
    {'kind': 'phone', 'column': 'phone', 'trusted': 'false', 'reason': "'weak_source'"},
    {'kind': 'customer_no', 'namespace': "'erp'", 'column': 'customer_no'},
    {'kind': 'loyalty_id', 'namespace': "'company'", 'column': 'loyalty_no'},
    {'kind': 'external_id', 'namespace': 'tax_namespace', 'column': 'tax_no'}
]) }}
union all
{{ identifier_rows('typed', [
    {'kind': 'phone', 'column': 'mobile', 'trusted': 'false', 'reason': "'checkout_contact'"},
    {'kind': 'email', 'column': 'email', 'trusted': 'false', 'reason': "'checkout_contact'"}
]) }}
