select
    'zendesk_talk:calls:' || call_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'support_call'",
        'direction': "case when is_inbound then 'inbound' else 'outbound' end",
        'interaction_type': "case when is_talk then 'call' else 'call_missed' end",
        'occurred_at': 'started_at',
        'properties': json_object({
            'ticket_id': "'zendesk:' || ticket_id",
            'result': 'completion_status',
            'duration_seconds': 'duration_seconds',
            'talk_seconds': 'talk_seconds',
            'wait_seconds': 'wait_seconds',
            'answer_seconds': 'answer_seconds',
            'is_voicemail': 'is_voicemail',
            'is_callback': 'is_callback'
        })
    }) }}
from {{ ref('int_zendesk_talk__calls') }}
