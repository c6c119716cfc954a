select
    record_id,
    'mailchimp' as source,
    object,
    substr(record_id, length('mailchimp:' || object || ':') + 1) as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'full_name': 'full_name',
        'birth_date': 'birthday',
        'street': 'street',
        'unit': 'unit',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'language': 'language',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_mailchimp__people') }}
