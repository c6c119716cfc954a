select
    record_id,
    'mail_house' as source,
    'recipients' as object,
    native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'full_name': 'case when given_name is null and family_name is null then full_name end',
        'organisation': 'company',
        'gender': 'gender',
        'street': 'street',
        'unit': 'unit',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_mail_house__recipients') }}
