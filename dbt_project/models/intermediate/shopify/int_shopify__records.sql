select
    record_id,
    'shopify' as source,
    'customers' as object,
    customer_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'street': 'street',
        'unit': 'unit',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_shopify__customers') }}
union all
select
    record_id,
    'shopify' as source,
    'orders' as object,
    order_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'full_name': 'full_name',
        'street': 'street',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'is_guest': 'true',
        'created_at': 'ordered_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_shopify__sales') }}
where is_guest
