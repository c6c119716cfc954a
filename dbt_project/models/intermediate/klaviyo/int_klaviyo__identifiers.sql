with profiles as (
    select
        *,
        'klaviyo:profiles:' || klaviyo_id as record_id
    from {{ ref('stg_klaviyo__profiles') }}
)
{{ identifier_rows('profiles', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'phone'},
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'external_id'},
    {'kind': 'anonymous_id', 'namespace': "'web'", 'column': 'anonymous_id', 'trusted': 'false', 'reason': "'device'"}
]) }}
