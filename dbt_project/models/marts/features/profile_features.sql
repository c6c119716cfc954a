-- Columns without a value say why in their description; counts of things that did not happen are 0.
with household_sizes as (
    select
        household_id,
        count(*) as household_size
    from {{ ref('households') }}
    group by household_id
),

-- A yes to every channel (channel '') is one to e-mail, too, unless e-mail was refused.
email_consents as (
    select
        profile_id,
        bool_and(state = 'granted') as is_granted
    from {{ ref('profile_consent') }}
    where purpose = 'marketing' and channel in ('email', '')
    group by profile_id
)

select
    profile.profile_id,
    {{ as_of_date() }} as as_of,
    cast('{{ var("reporting_currency") }}' as varchar) as currency,
    profile.country,
    profile.region,
    profile.language,
    profile.gender,
    profile.birth_year,
    profile.has_email,
    profile.has_phone,
    profile.has_wechat,
    profile.has_facebook,
    profile.has_loyalty_card,
    profile.n_records,
    profile.n_sources,
    coalesce(household_sizes.household_size, 1) as household_size,
    coalesce(household.household_orders_12m, purchases.orders_12m, 0) as household_orders_12m,
    cast(coalesce(household.household_net_amount_12m, purchases.net_amount_12m, 0) as decimal(18, 2))
        as household_net_amount_12m,
    coalesce(household.household_last_order_at, purchases.last_order_at) as household_last_order_at,
    round(household.household_spend_share, 4) as household_spend_share,
    coalesce(household.is_household_top_buyer, purchases.net_amount_12m > 0, false) as is_household_top_buyer,
    zones.time_zone,
    date_diff('day', cast(profile.first_seen_at as date), {{ as_of_date() }}) as known_days,

    purchases.first_order_at,
    purchases.last_order_at,
    date_diff('day', cast(purchases.last_order_at as date), {{ as_of_date() }}) as recency_days,
    date_diff('day', cast(purchases.first_order_at as date), {{ as_of_date() }}) as tenure_days,
    coalesce(purchases.orders_total, 0) as orders_total,
    coalesce(purchases.orders_12m, 0) as orders_12m,
    coalesce(purchases.orders_90d, 0) as orders_90d,
    coalesce(purchases.orders_30d, 0) as orders_30d,
    cast(coalesce(purchases.net_amount_total, 0) as decimal(18, 2)) as net_amount_total,
    cast(coalesce(purchases.net_amount_12m, 0) as decimal(18, 2)) as net_amount_12m,
    cast(coalesce(purchases.net_amount_90d, 0) as decimal(18, 2)) as net_amount_90d,
    cast(coalesce(purchases.net_amount_30d, 0) as decimal(18, 2)) as net_amount_30d,
    cast(purchases.net_amount_total / nullif(purchases.orders_total, 0) as decimal(18, 2)) as average_order_amount,
    purchases.max_order_amount,
    purchases.last_order_amount,
    round(baskets.items_total / nullif(baskets.orders_with_lines, 0), 4) as average_items_per_order,
    rfm.rfm_recency,
    rfm.rfm_frequency,
    rfm.rfm_monetary,
    rfm.rfm_class,
    rfm.rfm_recency_decile,
    rfm.rfm_frequency_decile,
    rfm.rfm_monetary_decile,
    purchases.median_gap_days as median_days_between_orders,
    round(purchases.gap_variation, 4) as order_gap_variation,
    cast(purchases.last_order_at as date) + cast(round(purchases.median_gap_days) as integer) as expected_next_order_date,
    round(
        date_diff('day', cast(purchases.last_order_at as date), {{ as_of_date() }})
        / nullif(purchases.median_gap_days, 0), 4
    ) as overdue_ratio,
    round(scores.expected_orders_12m, 4) as expected_orders_12m,
    cast(scores.expected_order_amount as decimal(18, 2)) as expected_order_amount,
    cast(scores.lifetime_value_12m as decimal(18, 2)) as lifetime_value_12m,
    round(scores.active_probability, 4) as active_probability,
    round(scores.churn_probability_90d, 4) as churn_probability_90d,
    case
        when scores.profile_id is not null then scores.score_missing_reason
        else 'no_purchase'
    end as score_missing_reason,
    round(purchases.coupon_orders / nullif(cast(purchases.orders_total as double), 0), 4) as coupon_order_share,
    purchases.last_coupon_order_at,
    round(purchases.discounted_orders / nullif(cast(purchases.orders_total as double), 0), 4) as discounted_order_share,
    round(prices.discounted_line_share, 4) as discounted_line_share_12m,
    round(prices.average_discount_depth, 4) as average_discount_depth_12m,
    round(prices.price_index, 4) as price_index_12m,
    prices.price_sensitivity,
    round(cast(purchases.discount_amount / nullif(purchases.gross_amount, 0) as double), 4) as discount_share,
    round(cast(purchases.refunded_amount / nullif(purchases.gross_amount, 0) as double), 4) as refund_share,
    coalesce(purchases.refunded_orders, 0) as refunded_orders,
    round(purchases.store_orders / nullif(cast(purchases.orders_total as double), 0), 4) as store_order_share,
    round(purchases.online_orders / nullif(cast(purchases.orders_total as double), 0), 4) as online_order_share,
    round(purchases.weekend_orders / nullif(cast(purchases.orders_total as double), 0), 4) as weekend_order_share,
    coalesce(purchases.order_channels_count, 0) as order_channels_count,
    coalesce(purchases.stores_count, 0) as stores_count,
    purchases.preferred_store_id,
    round(purchases.preferred_store_orders / nullif(cast(purchases.store_orders as double), 0), 4)
        as preferred_store_share,

    baskets.top_category,
    round(baskets.top_category_share, 4) as top_category_share,
    baskets.top_department,
    baskets.top_brand,
    coalesce(baskets.categories_count, 0) as categories_count,
    coalesce(baskets.brands_count, 0) as brands_count,
    coalesce(baskets.products_count, 0) as products_count,
    round(baskets.category_entropy_bits, 4) as category_entropy_bits,
    baskets.last_product_bought_id,
    affinity.affinity_category,
    affinity.affinity_category_share,
    affinity.second_affinity_category,
    affinity.affinity_brand,
    affinity.affinity_brand_share,
    affinity.affinity_department,
    affinity.affinity_product_id,

    activity.last_active_at,
    date_diff('day', cast(activity.last_active_at as date), {{ as_of_date() }}) as inactive_days,
    coalesce(activity.interactions_total, 0) as interactions_total,
    coalesce(activity.interactions_30d, 0) as interactions_30d,
    coalesce(activity.days_active_30d, 0) as days_active_30d,
    coalesce(activity.days_active_12m, 0) as days_active_12m,
    coalesce(activity.channels_count, 0) as channels_count,
    coalesce(activity.touchpoints_12m, 0) as touchpoints_12m,
    activity.preferred_channel,
    round(activity.preferred_channel_share, 4) as preferred_channel_share,
    round(activity.preferred_channel_confidence, 4) as preferred_channel_confidence,
    likely.likely_channel,
    likely.likely_channel_basis,
    next_best.next_best_channel,
    round(next_best.next_best_channel_score, 4) as next_best_channel_score,
    next_best.next_best_channel_basis,
    next_best.next_best_hour_local,
    next_best.next_best_weekday_local,
    next_best.next_best_time_basis,
    activity.preferred_hour,
    activity.preferred_weekday,
    clock.preferred_hour_local,
    clock.preferred_weekday_local,
    clock.preferred_daytime,
    round(clock.weekend_act_share, 4) as weekend_act_share,
    device.preferred_device,
    round(device.preferred_device_share, 4) as preferred_device_share,
    round(device.mobile_share, 4) as mobile_share,
    coalesce(device.devices_count, 0) as devices_count,
    coalesce(activity.own_acts_7d, 0) as own_acts_7d,
    coalesce(activity.page_views_30d, 0) as page_views_30d,
    coalesce(activity.product_views_30d, 0) as product_views_30d,
    activity.last_product_viewed_id,
    activity.last_product_viewed_at,
    coalesce(activity.products_viewed_30d, 0) as products_viewed_30d,
    viewed.last_viewed_category,
    viewed.top_viewed_category_30d,
    coalesce(viewed.product_views_since_order, 0) as product_views_since_order,
    carts.profile_id is not null as has_abandoned_cart,
    carts.abandoned_cart_at,
    cast(carts.abandoned_cart_amount as decimal(18, 2)) as abandoned_cart_amount,

    coalesce(messaging.emails_sent_12m, 0) as emails_sent_12m,
    coalesce(messaging.emails_opened_12m, 0) as emails_opened_12m,
    coalesce(messaging.emails_clicked_12m, 0) as emails_clicked_12m,
    -- a mail clicked twice is one mail that worked: distinct campaigns, and never more than were sent
    case
        when messaging.emails_sent_12m > 0
            then round(least(messaging.campaigns_clicked_12m / cast(messaging.emails_sent_12m as double), 1.0), 4)
    end as email_click_rate,
    case
        when messaging.emails_sent_12m > 0
            then
                round(least(messaging.email_campaigns_opened_12m / cast(messaging.emails_sent_12m as double), 1.0), 4)
    end as email_open_rate,
    coalesce(messaging.emails_sent_30d, 0) as emails_sent_30d,
    messaging.last_email_sent_at,
    messaging.last_email_engaged_at,
    case
        when messaging.last_email_sent_at is null then null
        when messaging.last_email_engaged_at >= {{ as_of_end() }} - interval 90 day then 'active'
        when messaging.last_email_engaged_at >= {{ as_of_end() }} - interval 365 day then 'cooling'
        when messaging.last_email_sent_at >= {{ as_of_end() }} - interval 90 day then 'silent'
        else 'not_written_to'
    end as email_engagement,
    messaging.last_coupon_redeemed_at,
    coalesce(messaging.campaigns_clicked_12m, 0) as campaigns_clicked_12m,
    coalesce(messaging.coupons_redeemed_12m, 0) as coupons_redeemed_12m,
    messaging.last_campaign_click_at,
    coalesce(messaging.has_unsubscribed, false) as has_unsubscribed,
    coalesce(messaging.has_bounced_12m, false) as has_bounced_12m,

    coalesce(service.tickets_total, 0) as tickets_total,
    coalesce(service.tickets_open, 0) as tickets_open,
    coalesce(service.tickets_90d, 0) as tickets_90d,
    coalesce(service.tickets_12m, 0) as tickets_12m,
    coalesce(service.ticket_reopens_12m, 0) as ticket_reopens_12m,
    service.oldest_open_ticket_days,
    round(service.tickets_12m / nullif(cast(purchases.orders_12m as double), 0), 4) as tickets_per_order_12m,
    round(service.average_first_reply_minutes, 1) as average_first_reply_minutes,
    round(service.average_resolution_minutes, 1) as average_resolution_minutes,
    service.last_ticket_at,
    coalesce(service.feedback_count, 0) as feedback_count,
    cast(service.last_nps_score as integer) as last_nps_score,
    service.last_nps_group,
    service.last_nps_at,
    round(service.last_csat_share, 4) as last_csat_share,
    round(service.average_csat_share_12m, 4) as average_csat_share_12m,
    round(service.average_review_share_12m, 4) as average_review_share_12m,
    round(service.satisfaction_share_12m, 4) as satisfaction_share_12m,
    service.last_feedback_at,
    coalesce(service.last_nps_group = 'detractor', false) as is_detractor,
    coalesce(email_consents.is_granted, false) as is_email_marketing_allowed
from {{ ref('customer_profile') }} as profile
left join household_sizes on profile.household_id = household_sizes.household_id
left join {{ ref('int_features_purchases') }} as purchases on profile.profile_id = purchases.profile_id
left join {{ ref('int_features_rfm') }} as rfm on profile.profile_id = rfm.profile_id
left join {{ ref('int_features_scores') }} as scores on profile.profile_id = scores.profile_id
left join {{ ref('int_features_baskets') }} as baskets on profile.profile_id = baskets.profile_id
left join {{ ref('int_features_activity') }} as activity on profile.profile_id = activity.profile_id
left join {{ ref('int_features_household') }} as household on profile.profile_id = household.profile_id
left join {{ ref('int_profile_time_zones') }} as zones on profile.profile_id = zones.profile_id
left join {{ ref('int_features_prices') }} as prices on profile.profile_id = prices.profile_id
left join {{ ref('int_features_affinity') }} as affinity on profile.profile_id = affinity.profile_id
left join {{ ref('int_features_likely_channel') }} as likely on profile.profile_id = likely.profile_id
left join {{ ref('int_features_next_best') }} as next_best on profile.profile_id = next_best.profile_id
left join {{ ref('int_features_local_time') }} as clock on profile.profile_id = clock.profile_id
left join {{ ref('int_features_device') }} as device on profile.profile_id = device.profile_id
left join {{ ref('int_features_views') }} as viewed on profile.profile_id = viewed.profile_id
left join {{ ref('int_features_carts') }} as carts on profile.profile_id = carts.profile_id
left join {{ ref('int_features_messaging') }} as messaging on profile.profile_id = messaging.profile_id
left join {{ ref('int_features_service') }} as service on profile.profile_id = service.profile_id
left join email_consents on profile.profile_id = email_consents.profile_id
