-- Earlier addresses of a contact stay known: each was a member id of its own.
with people as (
    select
        record_id,
        email,
        phone,
        customer_no,
        created_at,
        updated_at
    from {{ ref('int_mailchimp__people') }}
    union
    select
        accounts.record_id,
        members.email,
        cast(null as varchar) as phone,
        cast(null as varchar) as customer_no,
        members.signed_up_at as created_at,
        members.last_changed_at as updated_at
    from {{ ref('stg_mailchimp__members') }} as members
    inner join {{ ref('int_mailchimp__accounts') }} as accounts
        on
            members.list_id = accounts.list_id
            and members.member_id = accounts.member_id
)
{{ identifier_rows('people', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'phone'},
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_no'}
]) }}
