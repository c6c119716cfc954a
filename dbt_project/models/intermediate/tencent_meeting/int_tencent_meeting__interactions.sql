select
    'tencent_meeting:participants:' || {{ keyed_hash(['session_key', 'attendee_key']) }} as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'tencent_meeting'",
        'interaction_type': "'meeting_attended'",
        'occurred_at': 'joined_at',
        'properties': json_object({'meeting_id': 'meeting_id', 'attended_seconds': 'attended_seconds'})
    }) }}
from {{ ref('int_tencent_meeting__attendance') }}
union all
select
    'tencent_meeting:registrations:' || {{ keyed_hash(["coalesce(meeting_code, '')", 'native_id', 'cast(registered_at as varchar)']) }}
        as interaction_id,
    max(record_id) as record_id,
    {{ interaction_columns({
        'touchpoint': "'tencent_meeting'",
        'interaction_type': "'meeting_registered'",
        'occurred_at': 'registered_at',
        'properties': json_object({'meeting_code': 'meeting_code', 'status': 'max(status)'})
    }) }}
from {{ ref('int_tencent_meeting__registrants') }}
group by meeting_code, native_id, registered_at
