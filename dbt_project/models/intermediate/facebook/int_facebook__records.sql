select
    record_id,
    'facebook' as source,
    'leads' as object,
    lead_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'full_name': 'full_name',
        'organisation': 'organisation',
        'birth_date': 'birth_date',
        'gender': 'gender',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_facebook__lead_mentions') }}
where record_id is not null
union all
select
    record_id,
    'facebook' as source,
    'psids' as object,
    native_id,
    {{ record_columns({'full_name': 'full_name', 'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from {{ ref('int_facebook__psids') }}
