with people as (
    select
        *,
        'delighted:people:' || person_id as record_id,
        greatest(created_at, last_sent_at, last_responded_at) as updated_at
    from {{ ref('stg_delighted__people') }}
)
{{ identifier_rows('people', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'phone'}
]) }}
