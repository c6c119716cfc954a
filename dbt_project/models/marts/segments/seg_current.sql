{{ config(alias='current') }}
-- Generated from dbt_project/segments/*.yml by `python -m cdp_pipeline.segments`: edit those.
select
    profile_id,
    'at_risk' as segment
from {{ ref('profile_features') }}
where (orders_total >= 3 and overdue_ratio > 2 and recency_days between 30 and 180)
union all
select
    profile_id,
    'big_spenders' as segment
from {{ ref('profile_features') }}
where (rfm_monetary = 5 and net_amount_12m > 0)
union all
select
    profile_id,
    'browsers_without_purchase' as segment
from {{ ref('profile_features') }}
where (product_views_30d > 0 and orders_total = 0)
union all
select
    profile_id,
    'cart_abandoners' as segment
from {{ ref('profile_features') }}
where (has_abandoned_cart)
union all
select
    profile_id,
    'champions' as segment
from {{ ref('profile_features') }}
where (rfm_class = 'champions')
union all
select
    profile_id,
    'coupon_lovers' as segment
from {{ ref('profile_features') }}
where (orders_total >= 3 and coupon_order_share >= 0.4)
union all
select
    profile_id,
    'detractors' as segment
from {{ ref('profile_features') }}
where (is_detractor)
union all
select
    profile_id,
    'discount_seekers' as segment
from {{ ref('profile_features') }}
where (orders_total >= 3 and discount_share >= 0.2)
union all
select
    profile_id,
    'email_engaged' as segment
from {{ ref('profile_features') }}
where (campaigns_clicked_12m >= 2 and is_email_marketing_allowed and not has_unsubscribed)
union all
select
    profile_id,
    'lapsed' as segment
from {{ ref('profile_features') }}
where (recency_days > 180)
union all
select
    profile_id,
    'loyal_customers' as segment
from {{ ref('profile_features') }}
where (rfm_class in ('champions', 'loyal') and orders_12m >= 6 and tenure_days >= 180)
union all
select
    profile_id,
    'multi_channel' as segment
from {{ ref('profile_features') }}
where (store_order_share > 0 and online_order_share > 0)
union all
select
    profile_id,
    'new_customers' as segment
from {{ ref('profile_features') }}
where (tenure_days <= 30)
union all
select
    profile_id,
    'one_time_buyers' as segment
from {{ ref('profile_features') }}
where (orders_total = 1 and recency_days > 30)
union all
select
    profile_id,
    'online_only' as segment
from {{ ref('profile_features') }}
where (orders_total >= 2 and online_order_share = 1)
union all
select
    profile_id,
    'open_ticket' as segment
from {{ ref('profile_features') }}
where (tickets_open > 0)
union all
select
    profile_id,
    'promoters' as segment
from {{ ref('profile_features') }}
where (last_nps_group = 'promoter')
union all
select
    profile_id,
    'store_only' as segment
from {{ ref('profile_features') }}
where (orders_total >= 2 and store_order_share = 1)
union all
select
    profile_id,
    'wechat_followers' as segment
from {{ ref('profile_features') }}
where (has_wechat)
union all
select
    profile_id,
    'win_back' as segment
from {{ ref('profile_features') }}
where (recency_days > 90 and rfm_monetary >= 4 and is_email_marketing_allowed and not has_unsubscribed)
