{{ config(materialized='table') }}
-- Clicks with the visit they led to. Without one only the day in the account's zone is known, and its start stands for it.
select
    clicks.gclid,
    clicks.campaign_id,
    clicks.campaign_name,
    clicks.ad_group_id,
    clicks.ad_id,
    clicks.keyword,
    clicks.device,
    case when upper(clicks.network) in ('CONTENT', 'DISPLAY', 'YOUTUBE_WATCH', 'YOUTUBE_SEARCH', 'YOUTUBE') then 'display_ad' else 'search_ad' end
        as touchpoint,
    landings.anonymous_id,
    landings.record_id,
    coalesce(landings.occurred_at, cast(clicks.click_date as timestamp)) as occurred_at
from {{ ref('stg_google_ads__click_view') }} as clicks
left join {{ ref('int_web_events__landings') }} as landings on clicks.gclid = landings.gclid
