{{ config(materialized='table') }}
-- Ad touches that installs and events are attributed to; many events repeat the same one.
select
    left({{ hex_digest("concat_ws('|', appsflyer_id, cast(touched_at as varchar), media_source, coalesce(campaign_name, ''))") }}, 24) as touch_key,
    appsflyer_id,
    max(record_id) as record_id,
    media_source,
    campaign_name,
    max(campaign_id) as campaign_id,
    case when touch_type = 'impression' then 'ad_viewed' else 'ad_clicked' end as interaction_type,
    touched_at as occurred_at
from {{ ref('int_appsflyer__events') }}
where has_ad
group by appsflyer_id, media_source, campaign_name, touch_type, touched_at
