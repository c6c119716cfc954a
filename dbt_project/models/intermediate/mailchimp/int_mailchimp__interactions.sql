select
    'mailchimp:events:' || event_key as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'marketing_email'",
        'direction': 'direction',
        'interaction_type': 'interaction_type',
        'occurred_at': 'occurred_at',
        'campaign_id': 'campaign_id',
        'properties': json_object({'url': 'url', 'detail': 'detail'})
    }) }}
from {{ ref('int_mailchimp__events') }}
