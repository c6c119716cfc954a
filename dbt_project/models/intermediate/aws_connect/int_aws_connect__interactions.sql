-- A chat that never entered a queue was held by the bot alone; the first queue is where the bot handed over.
with contacts as (
    select
        contacts.*,
        customers.record_id,
        case
            when contacts.channel = 'CHAT' then 'support_chat'
            when contacts.channel = 'EMAIL' then 'support_email'
            else 'support_call'
        end as touchpoint
    from {{ ref('int_aws_connect__contacts') }} as contacts
    left join {{ ref('int_aws_connect__customers') }} as customers on contacts.person_key = customers.person_key
)

select
    'aws_connect:contact_records:' || contact_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': 'touchpoint',
        'direction': "case when is_outbound then 'outbound' else 'inbound' end",
        'interaction_type': "case when channel = 'CHAT' then 'chat_started' when channel = 'EMAIL' then 'message'"
            ~ " when is_queued and not is_answered then 'call_missed' else 'call' end",
        'occurred_at': 'initiated_at',
        'properties': json_object({
            'queue': 'queue_name',
            'queue_seconds': 'queue_seconds',
            'talk_seconds': 'talk_seconds',
            'hold_seconds': 'hold_seconds',
            'contacts': 'contact_count',
            'is_answered': 'is_answered',
            'is_abandoned': 'is_queued and not is_answered',
            'is_self_service': 'not is_queued and not is_answered',
            'disconnect_reason': 'disconnect_reason'
        })
    }) }}
from contacts
union all
select
    'aws_connect:contact_records:' || contact_id || ':handover' as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': 'touchpoint',
        'direction': "'outbound'",
        'interaction_type': "'bot_handover'",
        'occurred_at': 'enqueued_at',
        'properties': json_object({'queue': 'queue_name', 'queue_seconds': 'queue_seconds', 'is_answered': 'is_answered'})
    }) }}
from contacts
where
    channel = 'CHAT'
    and enqueued_at is not null
union all
select
    'aws_connect:contact_records:' || contact_id || ':ended' as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': 'touchpoint',
        'direction': "'inbound'",
        'interaction_type': "'chat_ended'",
        'occurred_at': 'ended_at',
        'properties': json_object({
            'has_bot': 'true',
            'is_bot_contained': 'not is_queued and not is_answered',
            'is_missed': 'is_queued and not is_answered'
        })
    }) }}
from contacts
where
    channel = 'CHAT'
    and ended_at is not null
