{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_touch_windows_changed')) }}"
) }}
-- One row per profile that was ever sent a campaign.
-- depends_on: {{ ref('int_touch_windows_changed') }}
select
    profile_id,
    count(*) filter (where touch_type = 'sent' and channel = 'email' and {{ within_days('occurred_at', 365) }})
        as emails_sent_12m,
    count(*) filter (where touch_type = 'opened' and channel = 'email' and {{ within_days('occurred_at', 365) }})
        as emails_opened_12m,
    count(*) filter (where touch_type = 'clicked' and channel = 'email' and {{ within_days('occurred_at', 365) }})
        as emails_clicked_12m,
    count(distinct campaign_id) filter (where touch_type = 'clicked' and {{ within_days('occurred_at', 365) }})
        as campaigns_clicked_12m,
    count(*) filter (where touch_type = 'coupon_redeemed' and {{ within_days('occurred_at', 365) }})
        as coupons_redeemed_12m,
    count(*) filter (where touch_type = 'sent' and channel = 'email' and {{ within_days('occurred_at', 30) }})
        as emails_sent_30d,
    count(distinct campaign_id) filter (
        where touch_type = 'clicked' and channel = 'email' and {{ within_days('occurred_at', 365) }}
    ) as email_campaigns_clicked_12m,
    count(distinct campaign_id) filter (
        where touch_type = 'opened' and channel = 'email' and {{ within_days('occurred_at', 365) }}
    ) as email_campaigns_opened_12m,
    max(occurred_at) filter (where touch_type = 'sent' and channel = 'email') as last_email_sent_at,
    max(occurred_at) filter (where touch_type in ('opened', 'clicked') and channel = 'email') as last_email_engaged_at,
    max(occurred_at) filter (where touch_type = 'coupon_redeemed') as last_coupon_redeemed_at,
    max(occurred_at) filter (where touch_type = 'clicked') as last_campaign_click_at,
    bool_or(touch_type = 'unsubscribed') as has_unsubscribed,
    bool_or(touch_type = 'bounced' and {{ within_days('occurred_at', 365) }}) as has_bounced_12m
from {{ ref('int_campaign_touches_profiled') }}
where profile_id is not null and {{ of_changed(ref('int_touch_windows_changed')) }}
group by profile_id
