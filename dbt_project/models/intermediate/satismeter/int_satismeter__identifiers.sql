with users as (
    select
        record_id,
        email,
        user_id_email,
        customer_no,
        min(created_at) as created_at,
        max(created_at) as updated_at
    from {{ ref('int_satismeter__responses') }}
    where record_id is not null
    group by record_id, email, user_id_email, customer_no
)
{{ identifier_rows('users', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'email', 'column': 'user_id_email'},
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_no'}
]) }}
