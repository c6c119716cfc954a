select
    record_id,
    'appsflyer' as source,
    'users' as object,
    substr(record_id, length('appsflyer:users:') + 1) as native_id,
    {{ record_columns({
        'created_at': 'min(occurred_at)',
        'updated_at': 'max(occurred_at)',
        'delivered_date': 'max(delivered_date)'
    }) }}
from {{ ref('int_appsflyer__events') }}
where record_id is not null
group by record_id
