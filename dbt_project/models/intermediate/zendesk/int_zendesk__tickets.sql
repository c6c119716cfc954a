{{ config(materialized='table') }}
-- Tickets with their metrics (calendar minutes), the requester's record and the deletion.
with deletions as (
    select
        ticket_id,
        max(deleted_at) as deleted_at
    from {{ ref('stg_zendesk__deleted_tickets') }}
    group by ticket_id
)

select
    tickets.ticket_id as native_id,
    'zendesk:' || tickets.ticket_id as ticket_id,
    'zendesk' as source,
    tickets.requester_id,
    users.record_id,
    coalesce(channels.touchpoint, 'support_web_form') as touchpoint,
    tickets.subject,
    tickets.description,
    tickets.ticket_type,
    tickets.priority,
    tickets.status,
    tickets.created_at,
    metrics.solved_at,
    metrics.reply_minutes as first_reply_minutes,
    metrics.full_resolution_minutes as resolution_minutes,
    metrics.reopens,
    metrics.replies,
    deletions.ticket_id is not null or lower(tickets.status) = 'deleted' as is_deleted
from {{ ref('stg_zendesk__tickets') }} as tickets
left join {{ ref('stg_zendesk__ticket_metrics') }} as metrics on tickets.ticket_id = metrics.ticket_id
left join {{ ref('int_zendesk__end_users') }} as users on tickets.requester_id = users.user_id
left join {{ ref('support_channels') }} as channels on lower(tickets.via_channel) = channels.via_channel
left join deletions
    on
        tickets.ticket_id = deletions.ticket_id
        and tickets.updated_at <= deletions.deleted_at
where coalesce(tickets.via_channel, '') <> 'sample_ticket'
