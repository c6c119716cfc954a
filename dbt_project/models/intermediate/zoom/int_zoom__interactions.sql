with attended as (
    select * from {{ ref('int_zoom__attendance') }}
),

held as (
    select
        meeting_id,
        min(joined_at) as began_at
    from attended
    group by meeting_id
)

select
    'zoom:registrants:' || registrant_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'zoom_meeting'",
        'interaction_type': "'meeting_registered'",
        'occurred_at': 'registered_at',
        'properties': json_object({'meeting_id': 'meeting_id', 'status': 'status'})
    }) }}
from {{ ref('int_zoom__registrants') }}
union all
select
    'zoom:participants:' || {{ keyed_hash(['session_key', 'attendee_key']) }} as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'zoom_meeting'",
        'interaction_type': "'meeting_attended'",
        'occurred_at': 'joined_at',
        'properties': json_object({'meeting_id': 'meeting_id', 'attended_seconds': 'attended_seconds'})
    }) }}
from attended
union all
-- Registered and not seen at any session of the meeting that was held.
select
    'zoom:registrants:' || registrants.registrant_id || ':missed' as interaction_id,
    registrants.record_id,
    {{ interaction_columns({
        'touchpoint': "'zoom_meeting'",
        'interaction_type': "'meeting_missed'",
        'occurred_at': 'held.began_at',
        'properties': json_object({'meeting_id': 'registrants.meeting_id'})
    }) }}
from {{ ref('int_zoom__registrants') }} as registrants
inner join held
    on
        registrants.meeting_id = held.meeting_id
        and registrants.registered_at < held.began_at
left join {{ ref('int_zoom__joins') }} as joins
    on
        registrants.meeting_id = joins.meeting_id
        and (registrants.record_id = joins.record_id or registrants.email = joins.email)
where
    coalesce(registrants.status, 'approved') = 'approved'
    and joins.joined_at is null
