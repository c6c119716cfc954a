select
    record_id,
    'event_registration' as source,
    'registrations' as object,
    native_id,
    {{ record_columns({
        'full_name': 'full_name',
        'organisation': 'company',
        'is_guest': 'true',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_event_registration__registrations') }}
where record_id is not null
