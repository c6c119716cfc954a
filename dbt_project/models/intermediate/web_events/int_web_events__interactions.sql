{{ config(meta={'appends': true}) }}
-- An order event repeats the shop's own order: an interaction without an amount, never revenue. A landing page that
-- names no campaign belongs to the campaign of the ad click that led there.
with clicks as (
    select
        gclid,
        max(campaign_id) as campaign_id
    from {{ ref('stg_google_ads__click_view') }}
    group by gclid
),

events as (
    select
        *,
        coalesce(gclid, {{ url_parameter('page_url', 'gclid') }}) as landing_gclid
    from {{ ref('int_web_events__events') }}
)

select
    'web_events:' || events.tracker || ':' || events.event_key as interaction_id,
    events.record_id,
    {{ interaction_columns({
        'anonymous_id': 'events.anonymous_id',
        'touchpoint': web_touchpoint('events.interaction_type', 'events.is_app'),
        'interaction_type': 'events.interaction_type',
        'occurred_at': 'events.occurred_at',
        'product_id': 'events.product_id',
        'campaign_id': 'coalesce(events.campaign_name, clicks.campaign_id)',
        'experiment_id': 'events.experiment_id',
        'variant': 'case when events.experiment_id is not null then events.variant end',
        'properties': json_object({
            'page_path': 'events.page_path',
            'campaign_source': 'events.campaign_source',
            'campaign_medium': 'events.campaign_medium',
            'device_type': 'events.device_type',
            'query': 'events.query',
            'category': 'events.category',
            'order_id': 'events.order_id',
            'session_id': 'events.session_id',
            'gclid': 'events.landing_gclid'
        })
    }) }},
    case when events.tracker = 'segment' then events.delivered_date end as added_on
from events
left join clicks on events.landing_gclid = clicks.gclid
