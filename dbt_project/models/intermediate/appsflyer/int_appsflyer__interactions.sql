-- A purchase event repeats the shop's own order: an interaction without an amount, never revenue.
select
    'appsflyer:events:' || event_key as interaction_id,
    record_id,
    {{ interaction_columns({
        'anonymous_id': "'appsflyer:' || appsflyer_id",
        'touchpoint': web_touchpoint('interaction_type', 'true'),
        'interaction_type': 'interaction_type',
        'occurred_at': 'occurred_at',
        'product_id': json_text('event_value', '$.af_content_id'),
        'campaign_id': 'case when has_ad then coalesce(campaign_id, campaign_name) end',
        'properties': json_object({'order_id': json_text('event_value', '$.af_order_id'), 'platform': 'platform'})
    }) }}
from {{ ref('int_appsflyer__events') }}
union all
select
    'appsflyer:touches:' || touch_key as interaction_id,
    record_id,
    {{ interaction_columns({
        'anonymous_id': "'appsflyer:' || appsflyer_id",
        'touchpoint': "'app_ad'",
        'direction': "case interaction_type when 'ad_viewed' then 'outbound' else 'inbound' end",
        'interaction_type': 'interaction_type',
        'occurred_at': 'occurred_at',
        'campaign_id': 'coalesce(campaign_id, campaign_name)',
        'properties': json_object({'media_source': 'media_source'})
    }) }}
from {{ ref('int_appsflyer__touched') }}
