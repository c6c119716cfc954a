select
    record_id,
    'eventbrite' as source,
    'attendees' as object,
    attendee_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'full_name': 'case when given_name is null and family_name is null then full_name end',
        'organisation': 'company',
        'birth_date': 'birth_date',
        'gender': 'gender',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'is_guest': 'true',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_eventbrite__attendees') }}
union all
select
    record_id,
    'eventbrite' as source,
    'buyers' as object,
    order_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'is_guest': 'true',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_eventbrite__buyers') }}
where is_own_record
