select
    record_id,
    'web_events' as source,
    'users' as object,
    native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'full_name': 'case when given_name is null and family_name is null then full_name end',
        'birth_date': 'birth_date',
        'gender': 'gender',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'language': 'language',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_web_events__users') }}
