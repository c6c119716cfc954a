-- Typed into a form and proven by nobody; a browser may serve several people.
with seen as (
    select
        record_id,
        email,
        phone,
        visitor_id,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at
    from {{ ref('int_zendesk_chat__contacts') }}
    where not is_staff
    group by
        record_id,
        email,
        phone,
        visitor_id
)
{{ identifier_rows('seen', [
    {'kind': 'email', 'column': 'email', 'reason': "'unverified'"},
    {'kind': 'phone', 'column': 'phone', 'reason': "'unverified'"},
    {'kind': 'anonymous_id', 'namespace': "'zendesk_chat'", 'column': 'visitor_id', 'trusted': 'false', 'reason': "'device'"}
]) }}
