-- The company tells the ad platform of an order that another source delivers: no amount, never revenue.
select
    'offline_conversions:uploads:' || uploads.event_key as interaction_id,
    case when coalesce(uploads.email_sha256, uploads.phone_sha256) is not null then uploads.record_id else landings.record_id end as record_id,
    {{ interaction_columns({
        'anonymous_id': 'landings.anonymous_id',
        'touchpoint': "'search_ad'",
        'direction': "'outbound'",
        'interaction_type': "'conversion_reported'",
        'occurred_at': 'uploads.occurred_at',
        'campaign_id': 'clicks.campaign_id',
        'properties': json_object({'conversion': 'uploads.conversion_name', 'order_id': 'uploads.order_id', 'gclid': 'uploads.gclid'})
    }) }}
from {{ ref('int_offline_conversions__uploads') }} as uploads
left join {{ ref('int_web_events__landings') }} as landings on uploads.gclid = landings.gclid
left join {{ ref('stg_google_ads__click_view') }} as clicks on uploads.gclid = clicks.gclid
