select
    record_id,
    'offline_conversions' as source,
    'people' as object,
    substr(record_id, length('offline_conversions:people:') + 1) as native_id,
    {{ record_columns({
        'created_at': 'min(occurred_at)',
        'updated_at': 'max(occurred_at)',
        'delivered_date': 'max(delivered_date)'
    }) }}
from {{ ref('int_offline_conversions__uploads') }}
where coalesce(email_sha256, phone_sha256) is not null
group by record_id
