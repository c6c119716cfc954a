{{ config(alias='definition') }}
-- Generated from dbt_project/segments/*.yml by `cdp segment compile`: edit those.
select
    cast(segment as varchar) as segment,
    cast(title as varchar) as title,
    cast(description as varchar) as description,
    cast(owner as varchar) as owner,
    cast(purpose as varchar) as purpose,
    cast(condition as varchar) as condition,
    cast(exclusions as varchar) as exclusions,
    cast(refers_to as varchar) as refers_to,
    cast(definition_version as varchar) as definition_version,
    cast(version as integer) as version,
    cast(refresh as varchar) as refresh,
    cast(min_share as double) as min_share,
    cast(max_share as double) as max_share,
    cast(max_change as double) as max_change,
    cast(change_from as bigint) as change_from,
    cast(on_breach as varchar) as on_breach
from (values
    ('at_risk', 'At risk', 'Used to buy regularly and are overdue by more than twice their usual interval.', 'crm', 'marketing', 'orders_total >= 3 and overdue_ratio > 2 and recency_days between 30 and 180', null, null, 'd190c0f14164', 1, 'daily', null, null, null, 100, 'warn'),
    ('big_spenders', 'Big spenders', 'Top fifth by money spent in the last twelve months.', 'crm', 'marketing', 'rfm_monetary = 5 and net_amount_12m > 0', null, null, '07474888e4c2', 1, 'daily', null, null, null, 100, 'warn'),
    ('browsers_without_purchase', 'Browsers without purchase', 'Looked at products in the last 30 days and never bought.', 'e-commerce', 'marketing', 'product_views_30d > 0 and orders_total = 0', null, null, 'e49ab54bc234', 1, 'daily', null, null, null, 100, 'warn'),
    ('cart_abandoners', 'Cart abandoners', 'Put something in the cart in the last 30 days and bought nothing since.', 'e-commerce', 'marketing', 'has_abandoned_cart', null, null, 'd1bc4bcb1bb6', 1, 'daily', null, null, null, 100, 'warn'),
    ('champions', 'Champions', 'Bought recently, often and for much.', 'crm', 'marketing', 'rfm_class = ''champions''', null, null, 'ca192b380802', 1, 'daily', null, null, null, 100, 'warn'),
    ('coupon_lovers', 'Coupon lovers', 'At least three orders, and a coupon in 40 % of them or more.', 'promotions', 'marketing', 'orders_total >= 3 and coupon_order_share >= 0.4', null, null, 'cf64bc651a44', 1, 'daily', null, null, null, 100, 'warn'),
    ('detractors', 'Detractors', 'Last NPS answer was 6 or less.', 'customer-experience', 'service', 'is_detractor', null, null, '531f2a8dad29', 1, 'daily', null, null, null, 100, 'warn'),
    ('discount_seekers', 'Discount seekers', 'At least a fifth of the gross amount was discount.', 'promotions', 'marketing', 'orders_total >= 3 and discount_share >= 0.2', null, null, '79250a20d551', 1, 'daily', null, null, null, 100, 'warn'),
    ('email_engaged', 'E-mail engaged', 'Clicked in at least two campaigns of the last twelve months and may be written to.', 'marketing', 'marketing', 'campaigns_clicked_12m >= 2 and is_email_marketing_allowed and not has_unsubscribed', null, null, '3875d32b8a2b', 1, 'daily', null, null, null, 100, 'warn'),
    ('lapsed', 'Lapsed', 'No purchase for more than 180 days.', 'crm', 'marketing', 'recency_days > 180', null, null, 'e34e8e96e578', 1, 'daily', null, null, null, 100, 'warn'),
    ('loyal_customers', 'Loyal customers', 'Buy often, over many months, and are still active.', 'crm', 'marketing', 'rfm_class in (''champions'', ''loyal'') and orders_12m >= 6 and tenure_days >= 180', null, null, '709e1f4c38d4', 1, 'daily', null, null, null, 100, 'warn'),
    ('multi_channel', 'Multi-channel', 'Buy in stores and online.', 'crm', 'marketing', 'store_order_share > 0 and online_order_share > 0', null, null, 'a92f7b5d609d', 1, 'daily', null, null, null, 100, 'warn'),
    ('new_customers', 'New customers', 'First purchase in the last 30 days.', 'crm', 'marketing', 'tenure_days <= 30', null, null, 'aada280e7e6f', 1, 'daily', null, null, null, 100, 'warn'),
    ('one_time_buyers', 'One-time buyers', 'Exactly one purchase, more than 30 days ago.', 'crm', 'marketing', 'orders_total = 1 and recency_days > 30', null, null, 'f8846cf10099', 1, 'daily', null, null, null, 100, 'warn'),
    ('online_only', 'Online only', 'At least two orders, none of them in a store.', 'e-commerce', 'marketing', 'orders_total >= 2 and online_order_share = 1', null, null, '3d4eaf2340c7', 1, 'daily', null, null, null, 100, 'warn'),
    ('open_ticket', 'Open ticket', 'Wait for an answer of customer service; spare them advertising.', 'customer-service', 'service', 'tickets_open > 0', null, null, '12c83d7e71a8', 1, 'daily', null, null, null, 100, 'warn'),
    ('promoters', 'Promoters', 'Last NPS answer was 9 or 10.', 'customer-experience', 'service', 'last_nps_group = ''promoter''', null, null, 'e52fda4bc2ab', 1, 'daily', null, null, null, 100, 'warn'),
    ('store_only', 'Store only', 'At least two orders, all of them in stores.', 'store-operations', 'marketing', 'orders_total >= 2 and store_order_share = 1', null, null, '7649eb7b6984', 1, 'daily', null, null, null, 100, 'warn'),
    ('wechat_followers', 'WeChat', 'Reached through WeChat.', 'china-digital', 'marketing', 'has_wechat', null, null, '39170eb1cd43', 1, 'daily', null, null, null, 100, 'warn'),
    ('win_back', 'Win back', 'Valuable customers without a purchase for 90 days who may be written to.', 'crm', 'marketing', 'recency_days > 90 and rfm_monetary >= 4 and is_email_marketing_allowed and not has_unsubscribed', null, null, '01f675f6c8cb', 1, 'daily', null, null, null, 100, 'warn')
)
as definitions (
    segment, title, description, owner, purpose, condition, exclusions, refers_to, definition_version, version, refresh, min_share, max_share, max_change, change_from, on_breach
)
