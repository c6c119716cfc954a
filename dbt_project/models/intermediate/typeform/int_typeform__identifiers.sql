-- A contact typed into a form is nobody's proof, but it is the respondent's word.
with respondents as (
    select
        record_id,
        email,
        phone,
        customer_no,
        min(coalesce(submitted_at, landed_at)) as created_at,
        max(coalesce(submitted_at, landed_at)) as updated_at
    from {{ ref('int_typeform__responses') }}
    where record_id is not null
    group by record_id, email, phone, customer_no
)
{{ identifier_rows('respondents', [
    {'kind': 'email', 'column': 'email', 'reason': "'unverified'"},
    {'kind': 'phone', 'column': 'phone', 'reason': "'unverified'"},
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_no'}
]) }}
