with registrations as (
    select *
    from {{ ref('int_event_registration__registrations') }}
    where record_id is not null
)
{{ identifier_rows('registrations', [
    {'kind': 'email', 'column': 'email', 'reason': "case when is_email_mended then 'unverified' end"},
    {'kind': 'phone', 'column': 'phone'}
]) }}
