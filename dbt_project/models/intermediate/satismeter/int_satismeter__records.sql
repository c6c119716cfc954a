select
    record_id,
    'satismeter' as source,
    'users' as object,
    substr(record_id, length('satismeter:users:') + 1) as native_id,
    {{ record_columns({
        'full_name': latest_value('name', ['created_at', 'response_id']),
        'language': latest_value('language', ['created_at', 'response_id']),
        'created_at': 'min(created_at)',
        'updated_at': 'max(created_at)',
        'delivered_date': 'max(delivered_date)'
    }) }}
from {{ ref('int_satismeter__responses') }}
where record_id is not null
group by record_id
