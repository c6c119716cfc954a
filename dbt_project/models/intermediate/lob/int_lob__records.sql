select
    record_id,
    'lob' as source,
    'recipients' as object,
    native_id,
    {{ record_columns({
        'full_name': 'full_name',
        'organisation': 'recipient_company',
        'street': 'street',
        'unit': 'unit',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_lob__recipients') }}
