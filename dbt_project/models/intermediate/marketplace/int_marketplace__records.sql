select
    record_id,
    'marketplace' as source,
    case when is_guest then 'orders' else 'buyers' end as object,
    replace(replace(record_id, 'marketplace:buyers:', ''), 'marketplace:orders:', '') as native_id,
    {{ record_columns({
        'full_name': 'full_name',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'is_guest': 'is_guest',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_marketplace__people') }}
