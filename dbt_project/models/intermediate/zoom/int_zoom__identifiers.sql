with registrants as (
    select
        *,
        registered_at as created_at,
        registered_at as updated_at
    from {{ ref('int_zoom__registrants') }}
)
{{ identifier_rows('registrants', [
    {'kind': 'email', 'column': 'email', 'reason': "'unverified'"},
    {'kind': 'phone', 'column': 'phone', 'reason': "'unverified'"}
]) }}
union all
{{ identifier_rows(ref('int_zoom__people'), [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'external_id', 'namespace': "'zoom_customer_key'", 'column': 'customer_key'}
]) }}
