with versions as (
    {{ latest_by_key(source('google_ads', 'click_view'), ['gclid']) }}
)

select
    trim(gclid) as gclid,
    click_date,
    campaign_id,
    campaign_name,
    ad_group_id,
    ad_group_name,
    {{ regexp_group('ad_group_ad', '~([0-9]+)$', 1) }} as ad_id,
    keyword,
    network,
    device,
    click_type,
    _dt as delivered_date
from versions
