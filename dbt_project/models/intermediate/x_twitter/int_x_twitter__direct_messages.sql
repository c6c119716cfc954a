{{ config(materialized='table') }}
-- Direct messages with the customer's side: the other half of a thread named after both, else who wrote in the thread.
with messages as (
    select
        *,
        {{ is_x_brand('sender_id') }} as is_brand,
        split_part(conversation_id, '-', 1) as one_id,
        case when conversation_id like '%-%' then split_part(conversation_id, '-', 2) end as other_id
    from {{ ref('stg_x_twitter__dm_events') }}
    where event_type = 'MessageCreate'
),

writers as (
    select
        conversation_id,
        min(sender_id) as user_id
    from messages
    where not is_brand
    group by conversation_id
    having count(distinct sender_id) = 1
)

select
    messages.event_id,
    messages.created_at,
    messages.delivered_date,
    messages.is_brand,
    case
        when not messages.is_brand then messages.sender_id
        when messages.other_id is not null and messages.one_id = messages.sender_id then messages.other_id
        when messages.other_id is not null then messages.one_id
        else writers.user_id
    end as user_id
from messages
left join writers on messages.conversation_id = writers.conversation_id
