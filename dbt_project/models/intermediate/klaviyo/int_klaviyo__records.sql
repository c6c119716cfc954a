select
    'klaviyo:profiles:' || klaviyo_id as record_id,
    'klaviyo' as source,
    'profiles' as object,
    klaviyo_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'organisation': 'organisation',
        'birth_date': 'birthday',
        'street': 'street',
        'unit': 'unit',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('stg_klaviyo__profiles') }}
