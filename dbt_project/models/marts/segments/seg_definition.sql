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
    ('active_customers', 'Active customers', 'Bought in the last 90 days.', 'crm', 'marketing', 'orders:
  within_days: 90', null, null, 'c36c0185243f', 1, 'daily', null, 0.95, 0.5, 100, 'warn'),
    ('app_lapsing', 'App users who stay away', 'Used the app within 90 days, but not in the last 30.', 'e-commerce', 'marketing', 'all:
- event:
    channel: mobile_app
    direction: inbound
    within_days: 90
    older_than_days: 30
- not_segment: app_users', null, 'app_users', 'ef4cb94d2e45', 1, 'daily', null, null, null, 100, 'warn'),
    ('app_users', 'App users', 'Used the app in the last 30 days.', 'e-commerce', 'marketing', 'event:
  channel: mobile_app
  direction: inbound
  within_days: 30', null, null, '8f5ce69dd092', 1, 'daily', null, null, null, 100, 'warn'),
    ('at_risk', 'At risk', 'Used to buy regularly and are overdue by more than twice their usual interval.', 'crm', 'marketing', 'orders_total >= 3 and overdue_ratio > 2 and recency_days between 30 and 180', null, null, 'd190c0f14164', 1, 'daily', null, null, null, 100, 'warn'),
    ('big_spenders', 'Big spenders', 'Top fifth by money spent in the last twelve months.', 'crm', 'marketing', 'rfm_monetary = 5 and net_amount_12m > 0', null, null, '07474888e4c2', 1, 'daily', null, null, null, 100, 'warn'),
    ('browsers_without_purchase', 'Browsers without purchase', 'Looked at products in the last 30 days and never bought.', 'e-commerce', 'marketing', 'product_views_30d > 0 and orders_total = 0', null, null, 'e49ab54bc234', 1, 'daily', null, null, null, 100, 'warn'),
    ('campaign_silent', 'Campaigns without answer', 'Were sent three campaign messages or more in 90 days and neither clicked nor redeemed anything; send less.', 'marketing', 'marketing', 'all:
- campaign:
    touch: sent
    within_days: 90
    at_least: 3
- campaign:
    touch:
    - clicked
    - coupon_redeemed
    within_days: 90
    at_most: 0', null, null, '3ed17370528c', 1, 'daily', null, null, null, 100, 'warn'),
    ('cart_abandoners', 'Cart abandoners', 'Put something in the cart in the last 30 days and bought nothing since.', 'e-commerce', 'marketing', 'has_abandoned_cart', null, null, 'd1bc4bcb1bb6', 1, 'daily', null, null, null, 100, 'warn'),
    ('category_explorers', 'Category explorers', 'Buy across ten categories or more.', 'category-management', 'marketing', 'feature: categories_count
at_least: 10', null, null, '5e2fde8ad24b', 1, 'weekly', null, null, null, 100, 'warn'),
    ('champions', 'Champions', 'Bought recently, often and for much.', 'crm', 'marketing', 'rfm_class = ''champions''', null, null, 'ca192b380802', 1, 'daily', null, null, null, 100, 'warn'),
    ('churn_risk_valuable', 'Valuable and likely to leave', 'Among the upper two fifths by money, with a probability of 70 % or more of no purchase in the next 90 days.', 'crm', 'marketing', 'all:
- feature: churn_probability_90d
  at_least: 0.7
- feature: rfm_monetary
  at_least: 4', '- do_not_contact
- open_ticket', 'do_not_contact, open_ticket', '20ad709e219a', 1, 'weekly', null, null, null, 100, 'warn'),
    ('clicked_not_bought', 'Clicked and did not buy', 'Clicked in a campaign in the last 30 days and ordered nothing within the week after.', 'marketing', 'marketing', 'sequence:
  first:
    campaign:
      touch: clicked
      within_days: 30
  then_not:
    orders: {}
  within_days: 7', '- do_not_contact', 'do_not_contact', '918740b3d1ea', 1, 'daily', null, null, null, 100, 'warn'),
    ('consent_missing', 'Never asked for consent', 'Bought in the last year and never said yes or no to marketing on any channel; ask at the till or in the account.', 'data-protection', 'service', 'all:
- feature: orders_12m
  at_least: 1
- consent:
    purpose: marketing
    at_most: 0', null, null, '54ca760e1cc1', 1, 'daily', null, null, null, 100, 'warn'),
    ('contact_pressure', 'Under contact pressure', 'Were sent eight campaign e-mails or more in the last 30 days; leave them alone for a while.', 'marketing', 'service', 'feature: emails_sent_30d
at_least: 8', null, null, '73cbebe3e3c3', 1, 'daily', null, null, null, 100, 'warn'),
    ('coupon_lovers', 'Coupon lovers', 'At least three orders, and a coupon in 40 % of them or more.', 'promotions', 'marketing', 'orders_total >= 3 and coupon_order_share >= 0.4', null, null, 'cf64bc651a44', 1, 'daily', null, null, null, 100, 'warn'),
    ('coupon_redeemers', 'Coupon redeemers', 'Redeemed a campaign''s coupon in the last 90 days.', 'promotions', 'marketing', 'campaign:
  touch: coupon_redeemed
  within_days: 90', null, null, 'a0a2b1e4c073', 1, 'daily', null, null, null, 100, 'warn'),
    ('detractors', 'Detractors', 'Last NPS answer was 6 or less.', 'customer-experience', 'service', 'is_detractor', null, null, '531f2a8dad29', 1, 'daily', null, null, null, 100, 'warn'),
    ('detractors_waiting', 'Detractors who wait', 'Last NPS answer was 6 or less and a ticket is open; close the loop.', 'customer-experience', 'service', 'all:
- segment: detractors
- segment: open_ticket', null, 'detractors, open_ticket', 'fb6d81b1e25b', 1, 'daily', null, null, null, 100, 'warn'),
    ('discount_seekers', 'Discount seekers', 'At least a fifth of the gross amount was discount.', 'promotions', 'marketing', 'orders_total >= 3 and discount_share >= 0.2', null, null, '79250a20d551', 1, 'daily', null, null, null, 100, 'warn'),
    ('do_not_contact', 'Do not contact', 'Said no to marketing on any channel and yes to none, or unsubscribed; leave them out of every campaign.', 'data-protection', 'service', 'any:
- all:
  - consent:
      purpose: marketing
      state: denied
  - consent:
      purpose: marketing
      state: granted
      at_most: 0
- feature: has_unsubscribed
  is: true', null, null, '2be0ac553edd', 1, 'daily', null, null, 0.5, 100, 'block'),
    ('email_engaged', 'E-mail engaged', 'Clicked in at least two campaigns of the last twelve months and may be written to.', 'marketing', 'marketing', 'campaigns_clicked_12m >= 2 and is_email_marketing_allowed and not has_unsubscribed', null, null, '3875d32b8a2b', 1, 'daily', null, null, null, 100, 'warn'),
    ('email_silent', 'Silent e-mail readers', 'Are written to and have opened or clicked nothing for a year; ask once more, then stop.', 'marketing', 'marketing', 'feature: email_engagement
equals: silent', '- do_not_contact', 'do_not_contact', '6f59b1004aca', 1, 'daily', null, null, null, 100, 'warn'),
    ('email_unreachable', 'E-mail does not arrive', 'A campaign e-mail bounced in the last year; ask for a new address at the next contact.', 'marketing', 'service', 'feature: has_bounced_12m
is: true', null, null, '3365e763fb66', 1, 'daily', null, null, null, 100, 'warn'),
    ('event_visitors', 'Visitors of events', 'Came to an event, a fair or an online meeting in the last 90 days.', 'events', 'marketing', 'event:
  type:
  - event_attended
  - meeting_attended
  - badge_scanned
  within_days: 90', null, null, 'a21fd145a5d6', 1, 'daily', null, null, null, 100, 'warn'),
    ('frequent_returners', 'Frequent returners', 'Two refunded orders or more in the last year; look into it before the next offer.', 'fraud-and-returns', 'analysis', 'orders:
  refunded: true
  within_days: 365
  count_at_least: 2', null, null, '43eaeb81d679', 1, 'daily', null, null, null, 100, 'warn'),
    ('frequent_visitors', 'Frequent visitors', 'Came to the web site or the app on three days or more in the last 30.', 'e-commerce', 'marketing', 'event:
  channel:
  - website
  - mobile_app
  direction: inbound
  within_days: 30
  days_at_least: 3', null, null, '76b71cac6bc0', 1, 'daily', null, null, null, 100, 'warn'),
    ('fresh_food_shoppers', 'Fresh food shoppers', 'Bought from produce, meat, seafood or the bakery on four days or more in the last 90.', 'category-management', 'marketing', 'orders:
  department:
  - PRODUCE
  - MEAT
  - SEAFOOD
  - PASTRY
  - DELI
  within_days: 90
  days_at_least: 4', null, null, '15408e6f1401', 1, 'daily', null, null, null, 100, 'warn'),
    ('heavy_service_users', 'Heavy service users', 'Three tickets or more in the last 90 days.', 'customer-service', 'service', 'ticket:
  within_days: 90
  at_least: 3', null, null, 'f21e3808b716', 1, 'daily', null, null, null, 100, 'warn'),
    ('high_basket', 'Large baskets', 'Spend 50 or more of the reporting currency on average in at least two orders of the last year.', 'crm', 'marketing', 'all:
- feature: average_order_amount
  at_least: 50
- feature: orders_12m
  at_least: 2', null, null, '5a50e3266eed', 1, 'weekly', null, null, null, 100, 'warn'),
    ('high_lifetime_value', 'High lifetime value', 'May be expected to spend 200 or more of the reporting currency in the next twelve months.', 'crm', 'marketing', 'feature: lifetime_value_12m
at_least: 200', null, null, '7967ad626f08', 1, 'weekly', null, 0.5, 0.5, 100, 'warn'),
    ('household_buyers', 'Buyers of a household', 'Spend the most in a household of two and more; one letter for all.', 'marketing', 'marketing', 'all:
- feature: household_size
  at_least: 2
- feature: is_household_top_buyer
  is: true
- feature: orders_12m
  at_least: 1', null, null, '608c661e43aa', 1, 'daily', null, null, null, 100, 'warn'),
    ('lapsed', 'Lapsed', 'No purchase for more than 180 days.', 'crm', 'marketing', 'recency_days > 180', null, null, 'e34e8e96e578', 1, 'daily', null, null, null, 100, 'warn'),
    ('leads_not_bought', 'Leads without purchase', 'Left their contact in a form or at an advert in the last 90 days and never bought.', 'sales', 'marketing', 'all:
- event:
    type:
    - lead_submitted
    - lead_created
    - badge_scanned
    within_days: 90
- feature: orders_total
  equals: 0', null, null, '174dde29ac8f', 1, 'daily', null, null, null, 100, 'warn'),
    ('loyal_customers', 'Loyal customers', 'Buy often, over many months, and are still active.', 'crm', 'marketing', 'rfm_class in (''champions'', ''loyal'') and orders_12m >= 6 and tenure_days >= 180', null, null, '709e1f4c38d4', 1, 'daily', null, null, null, 100, 'warn'),
    ('loyalty_not_used', 'Loyalty card in the drawer', 'Hold a loyalty card and bought nothing in a store for 90 days.', 'store-operations', 'marketing', 'all:
- feature: has_loyalty_card
  is: true
- orders:
    channel: store
    within_days: 90
    at_most: 0', null, null, 'e94109235607', 1, 'daily', null, null, null, 100, 'warn'),
    ('marketplace_only', 'Marketplace only', 'Buy on marketplaces and delivery platforms alone; invite them into the own channels.', 'china-digital', 'marketing', 'all:
- orders:
    channel:
    - marketplace
    - o2o
    within_days: 365
- orders:
    channel:
    - store
    - website
    - mobile_app
    - mini_program
    at_most: 0', null, null, '34a77b1a0046', 1, 'daily', null, null, null, 100, 'warn'),
    ('meituan_first_time', 'First time on Meituan', 'Ordered on Meituan in the last 60 days and never before.', 'china-digital', 'marketing', 'all:
- orders:
    source: meituan
    within_days: 60
- orders:
    source: meituan
    older_than_days: 60
    at_most: 0', null, null, '85fdd552cc7f', 1, 'daily', null, null, null, 100, 'warn'),
    ('mini_program_buyers', 'Mini program buyers', 'Bought in the WeChat mini program in the last 90 days.', 'china-digital', 'marketing', 'orders:
  channel: mini_program
  within_days: 90', null, null, '7c006dca09ea', 1, 'daily', null, null, null, 100, 'warn'),
    ('multi_channel', 'Multi-channel', 'Buy in stores and online.', 'crm', 'marketing', 'store_order_share > 0 and online_order_share > 0', null, null, 'a92f7b5d609d', 1, 'daily', null, null, null, 100, 'warn'),
    ('new_customers', 'New customers', 'First purchase in the last 30 days.', 'crm', 'marketing', 'tenure_days <= 30', null, null, 'aada280e7e6f', 1, 'daily', null, null, null, 100, 'warn'),
    ('next_order_due', 'Next order due', 'At least three orders, and the usual time between two of them has just passed.', 'crm', 'marketing', 'all:
- feature: orders_total
  at_least: 3
- feature: overdue_ratio
  between:
  - 0.8
  - 1.5', '- open_ticket', 'open_ticket', '5841015046c2', 1, 'daily', null, null, null, 100, 'warn'),
    ('one_time_buyers', 'One-time buyers', 'Exactly one purchase, more than 30 days ago.', 'crm', 'marketing', 'orders_total = 1 and recency_days > 30', null, null, 'f8846cf10099', 1, 'daily', null, null, null, 100, 'warn'),
    ('online_only', 'Online only', 'At least two orders, none of them in a store.', 'e-commerce', 'marketing', 'orders_total >= 2 and online_order_share = 1', null, null, '3d4eaf2340c7', 1, 'daily', null, null, null, 100, 'warn'),
    ('open_ticket', 'Open ticket', 'Wait for an answer of customer service; spare them advertising.', 'customer-service', 'service', 'tickets_open > 0', null, null, '12c83d7e71a8', 1, 'daily', null, null, null, 100, 'warn'),
    ('pet_owners', 'Pet owners', 'Bought food or goods for cats, dogs or other pets twice or more in the last 180 days.', 'category-management', 'marketing', 'orders:
  category:
  - PET *
  - DOG FOOD*
  - CAT *
  within_days: 180
  count_at_least: 2', null, null, '9787327cb018', 1, 'daily', null, null, null, 100, 'warn'),
    ('price_sensitive', 'Price sensitive', 'Buy what is reduced more than others do.', 'promotions', 'marketing', 'feature: price_sensitivity
equals: high', null, null, 'ddd351a08545', 1, 'weekly', null, null, null, 100, 'warn'),
    ('problem_not_solved', 'Problem not solved', 'Had tickets opened again twice in a year, or wait for an answer for two weeks.', 'customer-service', 'service', 'any:
- feature: ticket_reopens_12m
  at_least: 2
- feature: oldest_open_ticket_days
  at_least: 14', null, null, '1be6fb312d9f', 1, 'daily', null, null, null, 100, 'warn'),
    ('product_researchers', 'Product researchers', 'Looked at products three times or more on the web site in 30 days and bought nothing in that time.', 'e-commerce', 'marketing', 'all:
- event:
    type: product_viewed
    channel: website
    within_days: 30
    at_least: 3
- orders:
    within_days: 30
    at_most: 0', '- open_ticket', 'open_ticket', '45548256dfec', 1, 'daily', null, null, null, 100, 'warn'),
    ('promoters', 'Promoters', 'Last NPS answer was 9 or 10.', 'customer-experience', 'service', 'last_nps_group = ''promoter''', null, null, 'e52fda4bc2ab', 1, 'daily', null, null, null, 100, 'warn'),
    ('reactivated', 'Reactivated', 'Bought in the last 30 days after at least 180 days without a purchase.', 'crm', 'marketing', 'all:
- orders:
    within_days: 30
- orders:
    within_days: 210
    older_than_days: 30
    at_most: 0
- orders:
    older_than_days: 210', null, null, 'e075d18dcac8', 1, 'daily', null, null, null, 100, 'warn'),
    ('referral_candidates', 'Ask for a recommendation', 'Promoters who bought in the last 90 days, may be written to and wait for nothing.', 'customer-experience', 'marketing', 'all:
- segment: promoters
- segment: active_customers
- feature: is_email_marketing_allowed
  is: true', '- do_not_contact
- open_ticket', 'active_customers, do_not_contact, open_ticket, promoters', '5e8b7f24ba94', 1, 'daily', null, null, null, 100, 'warn'),
    ('second_purchase_due', 'Second purchase due', 'Bought once, 20 to 60 days ago; the second purchase decides whether they stay.', 'crm', 'marketing', 'all:
- feature: orders_total
  equals: 1
- feature: recency_days
  between:
  - 20
  - 60', '- open_ticket
- do_not_contact', 'do_not_contact, open_ticket', '20a61c684a2e', 1, 'daily', null, null, null, 100, 'warn'),
    ('silent_after_problem', 'Silent after a problem', 'Customers who opened a ticket in the last half year and ordered nothing in the 60 days after; ask how it ended.', 'customer-experience', 'service', 'all:
- sequence:
    first:
      ticket:
        within_days: 180
    then_not:
      orders: {}
    within_days: 60
- feature: orders_total
  at_least: 1', null, null, 'cc4717f8567d', 1, 'daily', null, null, null, 100, 'warn'),
    ('single_category', 'One category only', 'At least three orders, and four fifths of the money in one category; show them what lies beside it.', 'category-management', 'marketing', 'all:
- feature: orders_total
  at_least: 3
- feature: top_category_share
  at_least: 0.8', null, null, 'f758859d8368', 1, 'daily', null, null, null, 100, 'warn'),
    ('slipping_away', 'Slipping away', 'Good customers a year round whose orders of the last 90 days stopped.', 'crm', 'marketing', 'all:
- orders:
    within_days: 365
    older_than_days: 90
    count_at_least: 4
- orders:
    within_days: 90
    at_most: 0', null, null, 'ac29328723ba', 1, 'daily', null, null, null, 100, 'warn'),
    ('sms_reachable', 'Reachable by text message', 'May be written to by text message and have a trusted phone number.', 'marketing', 'marketing', 'all:
- consent:
    purpose: marketing
    channel: sms
    state: granted
- feature: has_phone
  is: true', '- do_not_contact', 'do_not_contact', '67f9f4ce990f', 1, 'daily', null, null, null, 100, 'warn'),
    ('store_only', 'Store only', 'At least two orders, all of them in stores.', 'store-operations', 'marketing', 'orders_total >= 2 and store_order_share = 1', null, null, '7649eb7b6984', 1, 'daily', null, null, null, 100, 'warn'),
    ('store_shoppers_browsing_online', 'Store shoppers who browse online', 'Bought in a store in the last 90 days and looked at products online in the last 30; bring them to click and collect.', 'store-operations', 'marketing', 'all:
- orders:
    channel: store
    within_days: 90
- event:
    type: product_viewed
    within_days: 30', null, null, 'd1587dbeb06f', 1, 'daily', null, null, null, 100, 'warn'),
    ('unhappy_and_valuable', 'Unhappy and valuable', 'Gave a bad score in the last 90 days and are among the better half by money; call them.', 'customer-experience', 'service', 'all:
- any:
  - feedback:
      type: nps
      score_at_most: 6
      within_days: 90
  - feedback:
      type: csat*
      satisfied: false
      within_days: 90
  - feedback:
      type:
      - review
      - rating
      share_at_most: 0.25
      within_days: 90
- feature: rfm_monetary
  at_least: 3', null, null, 'c64ce43fa341', 1, 'daily', null, null, null, 100, 'warn'),
    ('vip', 'VIP', 'Spent 300 or more of the reporting currency in six orders or more of the last twelve months.', 'crm', 'marketing', 'orders:
  within_days: 365
  amount_at_least: 300
  count_at_least: 6', null, null, '684181bc91e9', 1, 'weekly', null, 0.3, 0.5, 100, 'warn'),
    ('wechat_followers', 'WeChat', 'Reached through WeChat.', 'china-digital', 'marketing', 'has_wechat', null, null, '39170eb1cd43', 1, 'daily', null, null, 0.5, 100, 'warn'),
    ('wechat_not_buying', 'WeChat, not yet buying there', 'Follow on WeChat and wrote or used the menu in the last 60 days, and never bought in the mini program.', 'china-digital', 'marketing', 'all:
- segment: wechat_followers
- event:
    touchpoint:
    - wechat_account
    - wechat_message
    - mini_program_login
    within_days: 60
- orders:
    channel: mini_program
    at_most: 0', null, 'wechat_followers', 'adfa57d2b7c7', 1, 'daily', null, null, null, 100, 'warn'),
    ('wecom_contacts', 'WeCom contacts', 'Added by a member of staff in WeCom and in touch in the last 180 days.', 'china-digital', 'service', 'event:
  touchpoint: wecom_contact
  within_days: 180', null, null, 'e05e7a0c66fc', 1, 'daily', null, null, null, 100, 'warn'),
    ('weekend_shoppers', 'Weekend shoppers', 'At least three orders, three quarters or more of them on Saturday or Sunday.', 'store-operations', 'marketing', 'all:
- feature: orders_total
  at_least: 3
- feature: weekend_order_share
  at_least: 0.75', null, null, '73b0400eaf97', 1, 'weekly', null, null, null, 100, 'warn'),
    ('weibo_voices', 'Voices on Weibo and X', 'Wrote about or to the brand in public in the last 90 days.', 'social-media', 'analysis', 'event:
  channel: community
  direction: inbound
  within_days: 90', null, null, 'b3949097ac03', 1, 'daily', null, null, null, 100, 'warn'),
    ('win_back', 'Win back', 'Valuable customers without a purchase for 90 days who may be written to.', 'crm', 'marketing', 'recency_days > 90 and rfm_monetary >= 4 and is_email_marketing_allowed and not has_unsubscribed', null, null, '01f675f6c8cb', 1, 'daily', null, null, null, 100, 'warn'),
    ('young_families', 'Young families', 'Bought baby food, diapers or other goods for infants twice or more in the last 180 days.', 'category-management', 'marketing', 'orders:
  category:
  - BABY*
  - DIAPERS*
  - INFANT*
  within_days: 180
  count_at_least: 2', null, null, '880f2d7afd9c', 1, 'daily', null, null, null, 100, 'warn')
)
as definitions (
    segment, title, description, owner, purpose, condition, exclusions, refers_to, definition_version, version, refresh, min_share, max_share, max_change, change_from, on_breach
)
