-- A call or a chat that made a ticket is already an interaction of its own: opening the ticket is none besides it.
with told_elsewhere as (
    select 'zendesk:' || ticket_id as ticket_id
    from {{ ref('int_zendesk_talk__calls') }}
    where
        ticket_id is not null
        and is_inbound
    union
    select ticket_id
    from {{ ref('int_zendesk_chat__conversations') }}
    where ticket_id is not null
)

select
    'zendesk:tickets:' || native_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': 'touchpoint',
        'interaction_type': "'ticket_opened'",
        'occurred_at': 'created_at',
        'properties': json_object({'ticket_id': 'ticket_id', 'ticket_type': 'ticket_type', 'priority': 'priority'})
    }) }}
from {{ ref('int_zendesk__tickets') }}
where
    not is_deleted
    and not (
        touchpoint in ('support_call', 'support_chat')
        and ticket_id in (select ticket_id from told_elsewhere)
    )
union all
select
    'zendesk:ticket_comments:' || message_id as interaction_id,
    messages.record_id,
    {{ interaction_columns({
        'touchpoint': 'messages.touchpoint',
        'direction': "case when messages.is_inbound then 'inbound' else 'outbound' end",
        'interaction_type': "case when messages.is_inbound then 'ticket_message' else 'ticket_reply' end",
        'occurred_at': 'messages.occurred_at',
        'properties': json_object({'ticket_id': 'messages.ticket_id'})
    }) }}
from {{ ref('int_zendesk__messages') }} as messages
where not messages.is_opening
