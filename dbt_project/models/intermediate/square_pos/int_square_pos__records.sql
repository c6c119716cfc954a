select
    record_id,
    'square_pos' as source,
    'customers' as object,
    customer_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'full_name': 'full_name',
        'organisation': 'company_name',
        'birth_date': 'birth_date',
        'street': 'street',
        'unit': 'unit',
        'locality': 'locality',
        'region': 'region',
        'postcode': 'postcode',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_square_pos__customers') }}
union all
select
    record_id,
    'square_pos' as source,
    'loyalty_accounts' as object,
    loyalty_id as native_id,
    {{ record_columns({'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from {{ ref('int_square_pos__loyalty_accounts') }}
where is_own_record
