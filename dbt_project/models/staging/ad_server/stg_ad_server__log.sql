with versions as (
    {{ first_by_key(source('ad_server', 'log'), ['event_type', 'event_id']) }}
)

select
    event_type,
    trim(event_id) as event_id,
    coalesce(occurred_text_at, occurred_ms_at) as occurred_at,
    {{ known_device_id('cookie_id') }} as cookie_id,
    campaign_id,
    campaign_name,
    placement_id,
    creative_id,
    site,
    device,
    cast(cost_micros as decimal(24, 6)) / 1000000 as cost_amount,
    upper(currency) as currency,
    _dt as delivered_date
from versions
