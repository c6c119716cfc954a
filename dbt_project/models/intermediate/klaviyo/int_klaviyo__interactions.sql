{{ config(meta={'appends': true}) }}
-- `Placed Order` and its like repeat the shop's own orders: an interaction without an amount, never revenue.
select
    'klaviyo:events:' || event_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': 'touchpoint',
        'direction': 'direction',
        'interaction_type': 'interaction_type',
        'occurred_at': 'occurred_at',
        'campaign_id': 'campaign_id',
        'experiment_id': 'experiment_id',
        'variant': 'case when experiment_id is not null then variant end'
    }) }},
    delivered_date as added_on
from {{ ref('int_klaviyo__events') }}
