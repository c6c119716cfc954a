{{ config(materialized='table') }}
-- Private messages with the customer's side: the one that is not a brand account.
select
    messages.*,
    sender_id not in {{ brand_accounts() }} as is_inbound,
    case when sender_id not in {{ brand_accounts() }} then sender_id else receiver_id end as user_id,
    {{ keyed_hash(['sender_id', 'receiver_id', 'cast(occurred_at as varchar)', 'message_type', "coalesce(content, '')", 'data_text']) }}
        as message_id
from {{ ref('stg_weibo__messages') }} as messages
