select
    record_id,
    'badge_scan' as source,
    'visitors' as object,
    native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'full_name': 'case when given_name is null and family_name is null then full_name end',
        'organisation': 'company',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'is_guest': 'true',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_badge_scan__visitors') }}
