select
    'twilio:calls:' || calls.call_id as interaction_id,
    numbers.record_id,
    {{ interaction_columns({
        'touchpoint': "'support_call'",
        'direction': "case when calls.is_inbound then 'inbound' else 'outbound' end",
        'interaction_type': "case when calls.is_talk then 'call' else 'call_missed' end",
        'occurred_at': 'calls.started_at',
        'properties': json_object({
            'status': 'calls.status',
            'duration_seconds': 'calls.duration_seconds',
            'agent_seconds': 'calls.agent_seconds',
            'legs': 'calls.leg_count',
            'answered_by': 'calls.answered_by'
        })
    }) }}
from {{ ref('int_twilio__calls') }} as calls
left join {{ ref('int_twilio__numbers') }} as numbers on calls.customer_number = numbers.customer_number
union all
select
    'twilio:messages:' || texts.message_id as interaction_id,
    numbers.record_id,
    {{ interaction_columns({
        'touchpoint': 'texts.touchpoint',
        'direction': "case when texts.is_inbound then 'inbound' else 'outbound' end",
        'interaction_type': "case when texts.is_opt_out then 'sms_unsubscribed' when texts.status in ('failed', 'undelivered') then 'message_failed' else 'message' end",
        'occurred_at': 'texts.sent_at',
        'properties': json_object({'status': 'texts.status', 'error_code': 'texts.error_code'})
    }) }}
from {{ ref('int_twilio__texts') }} as texts
left join {{ ref('int_twilio__numbers') }} as numbers on texts.customer_number = numbers.customer_number
