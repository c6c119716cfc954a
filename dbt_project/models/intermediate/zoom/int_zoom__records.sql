select
    record_id,
    'zoom' as source,
    'registrants' as object,
    registrant_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'organisation': 'organisation',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'created_at': 'registered_at',
        'updated_at': 'registered_at'
    }) }}
from {{ ref('int_zoom__registrants') }}
union all
select
    record_id,
    'zoom' as source,
    'participants' as object,
    native_id,
    {{ record_columns({'full_name': 'full_name', 'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from {{ ref('int_zoom__people') }}
