-- One ticket per service conversation in which somebody spoke. Reply and resolution are counted from the customer's
-- first message.
with conversations as (
    select
        ticket_id,
        max(record_id) as record_id,
        max(touchpoint) as touchpoint,
        min(occurred_at) as began_at,
        min(case when is_inbound then occurred_at end) as asked_at,
        max(case when is_close then occurred_at end) as solved_at,
        count(case when not is_inbound then 1 end) as replies
    from {{ ref('int_wechat__service_messages') }}
    group by ticket_id
    having count(is_inbound) > 0
),

replies as (
    select
        messages.ticket_id,
        min(messages.occurred_at) as replied_at
    from {{ ref('int_wechat__service_messages') }} as messages
    inner join conversations on messages.ticket_id = conversations.ticket_id
    where
        not messages.is_inbound
        and messages.occurred_at >= conversations.asked_at
    group by messages.ticket_id
)

select
    conversations.ticket_id,
    'wechat' as source,
    conversations.record_id,
    conversations.touchpoint,
    cast(null as varchar) as subject,
    'chat' as ticket_type,
    cast(null as varchar) as priority,
    case when conversations.solved_at is null then 'open' else 'closed' end as status,
    coalesce(conversations.asked_at, conversations.began_at) as created_at,
    conversations.solved_at,
    cast(floor({{ dbt.datediff('conversations.asked_at', 'replies.replied_at', 'second') }} / 60) as bigint) as first_reply_minutes,
    cast(floor({{ dbt.datediff('conversations.asked_at', 'conversations.solved_at', 'second') }} / 60) as bigint) as resolution_minutes,
    cast(0 as bigint) as reopens,
    cast(conversations.replies as bigint) as replies,
    false as is_deleted
from conversations
left join replies on conversations.ticket_id = replies.ticket_id
