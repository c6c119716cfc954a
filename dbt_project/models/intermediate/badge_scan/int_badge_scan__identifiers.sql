-- A badge number is valid for one edition of one event: its namespace is the event.
with visitors as (
    select
        *,
        'badge:' || event_key as badge_namespace
    from {{ ref('int_badge_scan__visitors') }}
)
{{ identifier_rows('visitors', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'mobile'},
    {'kind': 'phone', 'column': 'phone', 'trusted': 'false', 'reason': "'weak_source'"},
    {'kind': 'external_id', 'namespace': 'badge_namespace', 'column': 'badge_id'}
]) }}
