{{ config(materialized='table') }}
-- Items of conversations; times are epoch seconds as text with a fraction.
select
    conversations.conversation_id,
    'olark:' || conversations.conversation_id || ':' || item.position as message_id,
    {{ json_text('item.item', '$.kind') }} as kind,
    {{ json_text('item.item', '$.kind') }} in ('MessageToOperator', 'OfflineMessage') as is_inbound,
    {{ json_text('item.item', '$.body') }} as body,
    {{ epoch_to_timestamp("split_part(" ~ json_text('item.item', '$.timestamp') ~ ", '.', 1)") }} as occurred_at
from {{ ref('stg_olark__conversations') }} as conversations
{{ unnest_json('conversations.items', 'item') }}
