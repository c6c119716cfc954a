{{ config(meta={'dated_by': 'int_event_registration__registrations.held_at'}) }}
-- Registration, check-in and staying away, each at its own time. A walk-in has not registered before.
select
    'event_registration:registrations:' || native_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'event_registration'",
        'interaction_type': "'event_registered'",
        'occurred_at': 'registered_at',
        'properties': json_object({'event_id': 'event_id', 'event_name': 'event_name', 'registration_source': 'registration_source'})
    }) }}
from {{ ref('int_event_registration__registrations') }}
where registered_at is not null
union all
select
    'event_registration:check_ins:' || native_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'event_visit'",
        'interaction_type': "'event_attended'",
        'occurred_at': 'coalesce(checked_in_at, held_at, registered_at)',
        'properties': json_object({'event_id': 'event_id', 'event_name': 'event_name', 'registration_source': 'registration_source'})
    }) }}
from {{ ref('int_event_registration__registrations') }}
where
    (is_attended or (is_attended is null and checked_in_at is not null))
    and coalesce(checked_in_at, held_at, registered_at) is not null
union all
select
    'event_registration:no_shows:' || native_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'event_visit'",
        'interaction_type': "'event_missed'",
        'occurred_at': 'coalesce(held_at, registered_at)',
        'properties': json_object({'event_id': 'event_id', 'event_name': 'event_name'})
    }) }}
from {{ ref('int_event_registration__registrations') }}
where
    not is_attended
    and cast(held_at as date) <= {{ as_of() }}
