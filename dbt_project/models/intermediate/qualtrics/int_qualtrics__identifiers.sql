with contacts as (
    select
        *,
        'qualtrics:contacts:' || contact_id as record_id
    from {{ ref('stg_qualtrics__contacts') }}
),

respondents as (
    select
        record_id,
        email,
        phone,
        customer_no,
        min(recorded_at) as created_at,
        max(recorded_at) as updated_at
    from {{ ref('int_qualtrics__responses') }}
    where record_id is not null
    group by record_id, email, phone, customer_no
)
{{ identifier_rows('contacts', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'phone'},
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'external_reference'}
]) }}
union all
{{ identifier_rows('respondents', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'phone'},
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_no'}
]) }}
