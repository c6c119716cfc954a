select
    'google_ads:click_view:' || gclid as interaction_id,
    record_id,
    {{ interaction_columns({
        'anonymous_id': 'anonymous_id',
        'touchpoint': 'touchpoint',
        'interaction_type': "'ad_clicked'",
        'occurred_at': 'occurred_at',
        'campaign_id': 'campaign_id',
        'properties': json_object({'ad_id': 'ad_id', 'ad_group_id': 'ad_group_id', 'keyword': 'keyword', 'device': 'device'})
    }) }}
from {{ ref('int_google_ads__clicks') }}
