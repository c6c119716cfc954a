select
    record_id,
    'intercom' as source,
    'contacts' as object,
    contact_id as native_id,
    {{ record_columns({'full_name': 'full_name', 'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from (
    select
        record_id,
        contact_id,
        {{ latest_value('name', ['updated_at', 'conversation_id']) }} as full_name,
        min(created_at) as created_at,
        max(updated_at) as updated_at,
        max(delivered_date) as delivered_date
    from {{ ref('int_intercom__contacts') }}
    group by
        record_id,
        contact_id
) as contacts
