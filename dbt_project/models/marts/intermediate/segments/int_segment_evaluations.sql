-- Generated from dbt_project/segments/*.yml by `cdp segment compile`: edit those.
with profile_rows as (
    select
        features.*
    from {{ ref('profile_features') }} as features
),

level_1 as (
    select
        *,
        coalesce((orders_total >= 3 and overdue_ratio > 2 and recency_days between 30 and 180), false) as in_at_risk,
        coalesce((rfm_monetary = 5 and net_amount_12m > 0), false) as in_big_spenders,
        coalesce((product_views_30d > 0 and orders_total = 0), false) as in_browsers_without_purchase,
        coalesce((has_abandoned_cart), false) as in_cart_abandoners,
        coalesce((rfm_class = 'champions'), false) as in_champions,
        coalesce((orders_total >= 3 and coupon_order_share >= 0.4), false) as in_coupon_lovers,
        coalesce((is_detractor), false) as in_detractors,
        coalesce((orders_total >= 3 and discount_share >= 0.2), false) as in_discount_seekers,
        coalesce((campaigns_clicked_12m >= 2 and is_email_marketing_allowed and not has_unsubscribed), false) as in_email_engaged,
        coalesce((recency_days > 180), false) as in_lapsed,
        coalesce((rfm_class in ('champions', 'loyal') and orders_12m >= 6 and tenure_days >= 180), false) as in_loyal_customers,
        coalesce((store_order_share > 0 and online_order_share > 0), false) as in_multi_channel,
        coalesce((tenure_days <= 30), false) as in_new_customers,
        coalesce((orders_total = 1 and recency_days > 30), false) as in_one_time_buyers,
        coalesce((orders_total >= 2 and online_order_share = 1), false) as in_online_only,
        coalesce((tickets_open > 0), false) as in_open_ticket,
        coalesce((last_nps_group = 'promoter'), false) as in_promoters,
        coalesce((orders_total >= 2 and store_order_share = 1), false) as in_store_only,
        coalesce((has_wechat), false) as in_wechat_followers,
        coalesce((recency_days > 90 and rfm_monetary >= 4 and is_email_marketing_allowed and not has_unsubscribed), false) as in_win_back
    from profile_rows
)

select
    profile_id,
    concat_ws(
        ',',
        case when in_at_risk then 'at_risk' end,
        case when in_big_spenders then 'big_spenders' end,
        case when in_browsers_without_purchase then 'browsers_without_purchase' end,
        case when in_cart_abandoners then 'cart_abandoners' end,
        case when in_champions then 'champions' end,
        case when in_coupon_lovers then 'coupon_lovers' end,
        case when in_detractors then 'detractors' end,
        case when in_discount_seekers then 'discount_seekers' end,
        case when in_email_engaged then 'email_engaged' end,
        case when in_lapsed then 'lapsed' end,
        case when in_loyal_customers then 'loyal_customers' end,
        case when in_multi_channel then 'multi_channel' end,
        case when in_new_customers then 'new_customers' end,
        case when in_one_time_buyers then 'one_time_buyers' end,
        case when in_online_only then 'online_only' end,
        case when in_open_ticket then 'open_ticket' end,
        case when in_promoters then 'promoters' end,
        case when in_store_only then 'store_only' end,
        case when in_wechat_followers then 'wechat_followers' end,
        case when in_win_back then 'win_back' end
    ) as segments
from level_1
