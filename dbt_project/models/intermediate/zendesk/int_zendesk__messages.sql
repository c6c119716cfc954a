{{ config(materialized='view') }}
-- Public messages of tickets that were not deleted. Internal notes are no customer voice. The description is the first comment, so it stands
-- in only where no comment of the requester was delivered.
-- A chat that delivered its own messages is not read again from the transcript in its ticket.
with chatted as (
    select distinct ticket_id
    from {{ ref('int_zendesk_chat__messages') }}
),

comments as (
    select
        comments.comment_id,
        tickets.ticket_id,
        tickets.record_id,
        tickets.touchpoint,
        tickets.created_at as ticket_created_at,
        comments.author_id = tickets.requester_id or authors.user_id is not null as is_inbound,
        comments.body,
        comments.created_at as occurred_at
    from {{ ref('stg_zendesk__ticket_comments') }} as comments
    inner join {{ ref('int_zendesk__tickets') }} as tickets on comments.ticket_id = tickets.native_id
    left join {{ ref('int_zendesk__end_users') }} as authors on comments.author_id = authors.user_id
    where
        coalesce(comments.is_public, true)
        and not tickets.is_deleted
        and not (
            lower(coalesce(comments.via_channel, '')) in ('chat', 'chat_transcript', 'native_messaging', 'messaging')
            and tickets.ticket_id in (select ticket_id from chatted)
        )
)

select
    'zendesk:' || comment_id as message_id,
    ticket_id,
    record_id,
    touchpoint,
    coalesce(is_inbound, false) as is_inbound,
    body,
    occurred_at,
    coalesce(is_inbound, false) and occurred_at <= ticket_created_at as is_opening
from comments
union all
select
    tickets.ticket_id || ':description' as message_id,
    tickets.ticket_id,
    tickets.record_id,
    tickets.touchpoint,
    true as is_inbound,
    tickets.description as body,
    tickets.created_at as occurred_at,
    true as is_opening
from {{ ref('int_zendesk__tickets') }} as tickets
where
    tickets.description is not null
    and not tickets.is_deleted
    and tickets.ticket_id not in (select ticket_id from comments where is_inbound)
    and tickets.ticket_id not in (select ticket_id from chatted)
