{{ config(materialized='table') }}
-- Messages of conversations with who wrote them; notes are internal, assignments and closings only count with a text.
with parts as (
    select
        conversations.conversation_id,
        {{ json_text('part.item', '$.id') }} as part_id,
        part.position as part_no,
        lower({{ json_text('part.item', '$.part_type') }}) as part_type,
        lower({{ json_text('part.item', '$.author.type') }}) as author_type,
        {{ html_text(json_text('part.item', '$.body')) }} as body,
        {{ epoch_to_timestamp(json_text('part.item', '$.created_at')) }} as occurred_at
    from {{ ref('stg_intercom__conversations') }} as conversations
    {{ unnest_json('conversations.parts', 'part') }}
)

select
    conversation_id,
    'intercom:' || conversation_id || ':' || coalesce(part_id, cast(part_no as varchar)) as message_id,
    part_type,
    case
        when part_type = 'note' then 'internal'
        when author_type in ('user', 'lead', 'contact') then 'customer'
        when author_type = 'admin' then 'human'
        else 'bot'
    end as sender,
    nullif(body, '') as body,
    occurred_at
from parts
where occurred_at is not null
union all
select
    conversation_id,
    'intercom:' || conversation_id || ':source' as message_id,
    'comment' as part_type,
    case
        when author_type in ('user', 'lead', 'contact') then 'customer'
        when author_type = 'admin' then 'human'
        else 'bot'
    end as sender,
    nullif(body, '') as body,
    created_at as occurred_at
from {{ ref('stg_intercom__conversations') }}
