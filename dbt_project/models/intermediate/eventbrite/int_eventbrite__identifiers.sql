with attendees as (
    select * from {{ ref('int_eventbrite__attendees') }}
),

buyers as (
    select *
    from {{ ref('int_eventbrite__buyers') }}
    where is_own_record
)
{{ identifier_rows('attendees', [
    {'kind': 'email', 'column': 'email', 'trusted': 'not is_group_booking', 'reason': "case when is_group_booking then 'checkout_contact' end"},
    {'kind': 'phone', 'column': 'mobile', 'trusted': 'not is_group_booking', 'reason': "case when is_group_booking then 'checkout_contact' end"},
    {'kind': 'phone', 'column': 'work_phone', 'trusted': 'false', 'reason': "'weak_source'"}
]) }}
union all
{{ identifier_rows('buyers', [
    {'kind': 'email', 'column': 'email'}
]) }}
