-- The vendor's cookie is all that is known: an ad shown or clicked somewhere belongs to a device.
select
    'ad_server:' || event_type || ':' || event_id as interaction_id,
    cast(null as varchar) as record_id,
    {{ interaction_columns({
        'anonymous_id': "'ad_server:' || cookie_id",
        'touchpoint': "'display_ad'",
        'direction': "case event_type when 'impression' then 'outbound' else 'inbound' end",
        'interaction_type': "case event_type when 'impression' then 'ad_viewed' when 'click' then 'ad_clicked' else 'ad_converted' end",
        'occurred_at': 'occurred_at',
        'campaign_id': 'campaign_id',
        'properties': json_object({'site': 'site', 'creative_id': 'creative_id', 'placement_id': 'placement_id', 'device': 'device'})
    }) }}
from {{ ref('stg_ad_server__log') }}
where occurred_at is not null
