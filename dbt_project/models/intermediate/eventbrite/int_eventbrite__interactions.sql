{{ config(meta={'dated_by': 'int_eventbrite__attendees.ended_at'}) }}
-- Registration, payment (int_orders), check-in and staying away are different things with times of their own. Nobody
-- stayed away from an event that counted no check-ins at all.
with attendees as (
    select
        attendees.*,
        checks.checked_in_at
    from {{ ref('int_eventbrite__attendees') }} as attendees
    left join (
        select
            tickets.attendee_id,
            min({{ iso_to_timestamp(json_text('barcode.item', '$.changed')) }}) as checked_in_at
        from {{ ref('int_eventbrite__attendees') }} as tickets
        {{ unnest_json('tickets.barcodes', 'barcode') }}
        where {{ json_text('barcode.item', '$.status') }} = 'used'
        group by tickets.attendee_id
    ) as checks on attendees.attendee_id = checks.attendee_id
),

watched_events as (
    select distinct event_id
    from attendees
    where is_checked_in
)

select
    'eventbrite:attendees:' || attendee_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'event_registration'",
        'interaction_type': "'event_registered'",
        'occurred_at': 'created_at',
        'campaign_id': 'affiliate',
        'properties': json_object({'event_id': 'event_id', 'event_name': 'event_name', 'ticket_class': 'ticket_class', 'is_online': 'is_online'})
    }) }}
from attendees
where created_at is not null
union all
select
    'eventbrite:check_ins:' || attendee_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'event_visit'",
        'interaction_type': "'event_attended'",
        'occurred_at': 'coalesce(checked_in_at, started_at, updated_at)',
        'campaign_id': 'affiliate',
        'properties': json_object({'event_id': 'event_id', 'event_name': 'event_name'})
    }) }}
from attendees
where
    is_checked_in
    and coalesce(checked_in_at, started_at, updated_at) is not null
union all
select
    'eventbrite:cancellations:' || attendee_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'event_registration'",
        'interaction_type': "'event_cancelled'",
        'occurred_at': 'updated_at',
        'properties': json_object({'event_id': 'event_id', 'event_name': 'event_name'})
    }) }}
from attendees
where
    is_cancelled
    and updated_at is not null
union all
select
    'eventbrite:no_shows:' || attendees.attendee_id as interaction_id,
    attendees.record_id,
    {{ interaction_columns({
        'touchpoint': "'event_visit'",
        'interaction_type': "'event_missed'",
        'occurred_at': 'attendees.ended_at',
        'properties': json_object({'event_id': 'attendees.event_id', 'event_name': 'attendees.event_name'})
    }) }}
from attendees
inner join watched_events on attendees.event_id = watched_events.event_id
where
    not attendees.is_checked_in
    and not attendees.is_cancelled
    and cast(attendees.ended_at as date) <= {{ as_of() }}
