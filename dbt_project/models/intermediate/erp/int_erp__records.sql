select
    record_id,
    'erp' as source,
    object,
    native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'full_name': 'full_name',
        'organisation': 'organisation',
        'birth_date': 'birth_date',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'is_guest': 'is_guest',
        'created_at': 'created_at',
        'updated_at': 'updated_at',
        'is_deleted': 'is_deleted'
    }) }}
from {{ ref('int_erp__customers') }}
