select
    'hubspot:contacts:' || contact_id as record_id,
    'hubspot' as source,
    'contacts' as object,
    contact_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'organisation': 'company',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at',
        'is_deleted': 'is_archived'
    }) }}
from {{ ref('stg_hubspot__contacts') }}
union all
select
    record_id,
    'hubspot' as source,
    'recipients' as object,
    substr(record_id, length('hubspot:recipients:') + 1) as native_id,
    {{ record_columns({'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from {{ ref('int_hubspot__addresses') }}
where contact_id is null
