select
    record_id,
    'zendesk_chat' as source,
    'visitors' as object,
    native_id,
    {{ record_columns({
        'full_name': 'full_name',
        'country': 'country',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from (
    select
        record_id,
        native_id,
        {{ latest_value('name', ['occurred_at', 'chat_id']) }} as full_name,
        {{ latest_value('country', ['occurred_at', 'chat_id']) }} as country,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at,
        max(delivered_date) as delivered_date
    from {{ ref('int_zendesk_chat__contacts') }}
    where not is_staff
    group by
        record_id,
        native_id
) as visitors
