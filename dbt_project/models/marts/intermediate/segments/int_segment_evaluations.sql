-- Generated from dbt_project/segments/*.yml by `cdp segment compile`: edit those.
with event_counts as (
    select
        profile_id,
        count(*) filter (where interaction_type in ('badge_scanned', 'event_attended', 'meeting_attended') and {{ within_days('occurred_at', 90) }}) as event_badge_scanned_event_attended_meeting_atten_a381,
        count(*) filter (where interaction_type in ('badge_scanned', 'lead_created', 'lead_submitted') and {{ within_days('occurred_at', 90) }}) as event_badge_scanned_lead_created_lead_submitted_c912,
        count(*) filter (where channel = 'community' and direction = 'inbound' and {{ within_days('occurred_at', 90) }}) as event_community_inbound_90d_count_d251,
        count(*) filter (where touchpoint in ('mini_program_login', 'wechat_account', 'wechat_message') and {{ within_days('occurred_at', 60) }}) as event_mini_program_login_wechat_account_wechat_m_4145,
        count(*) filter (where channel = 'mobile_app' and direction = 'inbound' and {{ within_days('occurred_at', 30) }}) as event_mobile_app_inbound_30d_count_216a,
        count(*) filter (where channel = 'mobile_app' and direction = 'inbound' and {{ within_days('occurred_at', 90) }} and not {{ within_days('occurred_at', 30) }}) as event_mobile_app_inbound_90d_count_b168,
        count(distinct cast(occurred_at as date)) filter (where channel in ('mobile_app', 'website') and direction = 'inbound' and {{ within_days('occurred_at', 30) }}) as event_mobile_app_website_inbound_30d_days_3955,
        count(*) filter (where interaction_type = 'product_viewed' and {{ within_days('occurred_at', 30) }}) as event_product_viewed_30d_count_a734,
        count(*) filter (where channel = 'website' and interaction_type = 'product_viewed' and {{ within_days('occurred_at', 30) }}) as event_website_product_viewed_30d_count_f065,
        count(*) filter (where touchpoint = 'wecom_contact' and {{ within_days('occurred_at', 180) }}) as event_wecom_contact_180d_count_e8b8
    from {{ ref('int_interactions_profiled') }}
    where
        profile_id is not null
        and {{ within_days('occurred_at', 180) }}
        and ((channel = 'community' and direction = 'inbound') or (channel = 'mobile_app' and direction = 'inbound') or (channel = 'website' and interaction_type = 'product_viewed') or (channel in ('mobile_app', 'website') and direction = 'inbound') or (interaction_type = 'product_viewed') or (interaction_type in ('badge_scanned', 'event_attended', 'meeting_attended')) or (interaction_type in ('badge_scanned', 'lead_created', 'lead_submitted')) or (touchpoint = 'wecom_contact') or (touchpoint in ('mini_program_login', 'wechat_account', 'wechat_message')))
    group by profile_id
),

orders_counts as (
    select
        profile_id,
        count(*) filter (where {{ within_days('ordered_at', 210) }} and not {{ within_days('ordered_at', 30) }} and status = 'completed') as orders_210d_count_ba49,
        count(*) filter (where {{ within_days('ordered_at', 30) }} and status = 'completed') as orders_30d_count_ae38,
        sum(net_amount) filter (where {{ within_days('ordered_at', 365) }}) as orders_365d_amount_72df,
        count(*) filter (where coalesce(refunded_amount > 0, false) and {{ within_days('ordered_at', 365) }}) as orders_365d_count_0259,
        count(*) filter (where {{ within_days('ordered_at', 365) }} and status = 'completed') as orders_365d_count_08f2,
        count(*) filter (where {{ within_days('ordered_at', 365) }} and not {{ within_days('ordered_at', 90) }} and status = 'completed') as orders_365d_count_bfe8,
        count(*) filter (where {{ within_days('ordered_at', 90) }} and status = 'completed') as orders_90d_count_feaf,
        count(*) filter (where not {{ within_days('ordered_at', 210) }} and status = 'completed') as orders_count_e15b,
        count(*) filter (where channel in ('marketplace', 'o2o') and {{ within_days('ordered_at', 365) }} and status = 'completed') as orders_marketplace_o2o_365d_count_37ea,
        count(*) filter (where source = 'meituan' and {{ within_days('ordered_at', 60) }} and status = 'completed') as orders_meituan_60d_count_cd39,
        count(*) filter (where source = 'meituan' and not {{ within_days('ordered_at', 60) }} and status = 'completed') as orders_meituan_count_28b5,
        count(*) filter (where channel = 'mini_program' and {{ within_days('ordered_at', 90) }} and status = 'completed') as orders_mini_program_90d_count_dd28,
        count(*) filter (where channel = 'mini_program' and status = 'completed') as orders_mini_program_count_ee6a,
        count(*) filter (where channel in ('mini_program', 'mobile_app', 'store', 'website') and status = 'completed') as orders_mini_program_mobile_app_store_website_cou_e7d2,
        count(*) filter (where channel = 'store' and {{ within_days('ordered_at', 90) }} and status = 'completed') as orders_store_90d_count_fe6d
    from {{ ref('int_orders_profiled') }}
    where
        profile_id is not null
    group by profile_id
),

order_lines_counts as (
    select
        profile_id,
        count(distinct order_id) filter (where (category like 'BABY%' escape '!' or category like 'DIAPERS%' escape '!' or category like 'INFANT%' escape '!') and {{ within_days('ordered_at', 180) }} and status = 'completed') as order_lines_baby_diapers_infant_180d_count_40c2,
        count(distinct order_id) filter (where (category like 'CAT %' escape '!' or category like 'DOG FOOD%' escape '!' or category like 'PET %' escape '!') and {{ within_days('ordered_at', 180) }} and status = 'completed') as order_lines_cat_dog_food_pet_180d_count_4e81,
        count(distinct cast(ordered_at as date)) filter (where department in ('DELI', 'MEAT', 'PASTRY', 'PRODUCE', 'SEAFOOD') and {{ within_days('ordered_at', 90) }} and status = 'completed') as order_lines_deli_meat_pastry_produce_seafood_90d_38eb
    from (
        select
            lines.order_id,
            lines.profile_id,
            lines.ordered_at,
            lines.product_id,
            lines.category,
            lines.department,
            lines.brand,
            lines.net_amount,
            orders.channel,
            orders.touchpoint,
            orders.source,
            orders.store_id,
            orders.campaign_id,
            orders.coupon_code,
            orders.refunded_amount,
            orders.status,
            orders.status
        from {{ ref('int_order_lines_profiled') }} as lines
        inner join {{ ref('int_orders_profiled') }} as orders on lines.order_id = orders.order_id
    ) as order_lines
    where
        profile_id is not null
        and {{ within_days('ordered_at', 180) }}
        and (((category like 'BABY%' escape '!' or category like 'DIAPERS%' escape '!' or category like 'INFANT%' escape '!')) or ((category like 'CAT %' escape '!' or category like 'DOG FOOD%' escape '!' or category like 'PET %' escape '!')) or (department in ('DELI', 'MEAT', 'PASTRY', 'PRODUCE', 'SEAFOOD')))
    group by profile_id
),

campaign_counts as (
    select
        profile_id,
        count(*) filter (where touch_type in ('clicked', 'coupon_redeemed') and {{ within_days('occurred_at', 90) }}) as campaign_clicked_coupon_redeemed_90d_count_baf0,
        count(*) filter (where touch_type = 'coupon_redeemed' and {{ within_days('occurred_at', 90) }}) as campaign_coupon_redeemed_90d_count_58d8,
        count(*) filter (where touch_type = 'sent' and {{ within_days('occurred_at', 90) }}) as campaign_sent_90d_count_dd7e
    from {{ ref('int_campaign_touches_profiled') }}
    where
        profile_id is not null
        and {{ within_days('occurred_at', 90) }}
        and ((touch_type = 'coupon_redeemed') or (touch_type = 'sent') or (touch_type in ('clicked', 'coupon_redeemed')))
    group by profile_id
),

feedback_counts as (
    select
        profile_id,
        count(*) filter (where feedback_type like 'csat%' escape '!' and not coalesce(is_satisfied, false) and {{ within_days('occurred_at', 90) }}) as feedback_csat_90d_count_ceed,
        count(*) filter (where feedback_type = 'nps' and score <= 6 and {{ within_days('occurred_at', 90) }}) as feedback_nps_90d_count_a4c0,
        count(*) filter (where feedback_type in ('rating', 'review') and score_share <= 0.25 and {{ within_days('occurred_at', 90) }}) as feedback_rating_review_90d_count_4cec
    from {{ ref('int_feedback_profiled') }}
    where
        profile_id is not null
        and {{ within_days('occurred_at', 90) }}
        and ((feedback_type = 'nps' and score <= 6) or (feedback_type in ('rating', 'review') and score_share <= 0.25) or (feedback_type like 'csat%' escape '!' and not coalesce(is_satisfied, false)))
    group by profile_id
),

ticket_counts as (
    select
        profile_id,
        count(*) filter (where {{ within_days('created_at', 90) }}) as ticket_90d_count_32a7
    from {{ ref('int_tickets_profiled') }}
    where
        profile_id is not null
        and {{ within_days('created_at', 90) }}
    group by profile_id
),

consent_counts as (
    select
        profile_id,
        count(*) filter (where purpose = 'marketing') as consent_marketing_count_49b9,
        count(*) filter (where purpose = 'marketing' and state = 'denied') as consent_marketing_denied_count_2b2b,
        count(*) filter (where purpose = 'marketing' and state = 'granted') as consent_marketing_granted_count_592b,
        count(*) filter (where channel = 'sms' and purpose = 'marketing' and state = 'granted') as consent_sms_marketing_granted_count_9774
    from (
        select
            profile_id,
            purpose,
            channel,
            state
        from {{ ref('profile_consent') }}
        where channel <> ''
        union all
        select
            spoken.profile_id,
            spoken.purpose,
            every.channel,
            spoken.state
        from {{ ref('profile_consent') }} as spoken
        cross join (
            values
            ('website'),
            ('mobile_app'),
            ('mini_program'),
            ('social'),
            ('community'),
            ('email'),
            ('sms'),
            ('push'),
            ('online_ads'),
            ('live_chat'),
            ('self_service'),
            ('video_meeting'),
            ('marketplace'),
            ('store'),
            ('phone'),
            ('face_to_face'),
            ('event'),
            ('postal_mail'),
            ('o2o'),
            ('survey'),
            ('review')
        ) as every (channel)
        left join {{ ref('profile_consent') }} as named
            on
                spoken.profile_id = named.profile_id
                and spoken.purpose = named.purpose
                and every.channel = named.channel
        where
            spoken.channel = ''
            and named.profile_id is null
    ) as consents
    where
        profile_id is not null
        and ((channel = 'sms' and purpose = 'marketing' and state = 'granted') or (purpose = 'marketing') or (purpose = 'marketing' and state = 'denied') or (purpose = 'marketing' and state = 'granted'))
    group by profile_id
),

campaign_clicked_orders_not_c883_steps as (
    select
        profile_id,
        count(distinct step_at) as campaign_clicked_orders_not_c883
    from (
        select
            *,
            min(case when not is_first then step_at end) over (
                partition by profile_id order by step_at, is_first
                rows between 1 following and unbounded following
            ) as next_at
        from (
            select profile_id, occurred_at as step_at, true as is_first
            from {{ ref('int_campaign_touches_profiled') }}
            where profile_id is not null and touch_type = 'clicked' and {{ within_days('occurred_at', 30) }}
            union all
            select profile_id, ordered_at as step_at, false as is_first
            from {{ ref('int_orders_profiled') }}
            where profile_id is not null and status = 'completed' and {{ within_days('ordered_at', 30) }}
        ) as both_steps
    ) as steps
    where is_first and not {{ within_days('step_at', 7) }} and coalesce(next_at > step_at + interval 7 day, true)
    group by profile_id
),

ticket_orders_not_6084_steps as (
    select
        profile_id,
        count(distinct step_at) as ticket_orders_not_6084
    from (
        select
            *,
            min(case when not is_first then step_at end) over (
                partition by profile_id order by step_at, is_first
                rows between 1 following and unbounded following
            ) as next_at
        from (
            select profile_id, created_at as step_at, true as is_first
            from {{ ref('int_tickets_profiled') }}
            where profile_id is not null and {{ within_days('created_at', 180) }}
            union all
            select profile_id, ordered_at as step_at, false as is_first
            from {{ ref('int_orders_profiled') }}
            where profile_id is not null and status = 'completed' and {{ within_days('ordered_at', 180) }}
        ) as both_steps
    ) as steps
    where is_first and not {{ within_days('step_at', 60) }} and coalesce(next_at > step_at + interval 60 day, true)
    group by profile_id
),

held as (
    select
        coalesce(aliases.profile_id, past.profile_id) as profile_id,
        bool_or(past.segment = 'category_explorers') as held_category_explorers,
        bool_or(past.segment = 'churn_risk_valuable') as held_churn_risk_valuable,
        bool_or(past.segment = 'high_basket') as held_high_basket,
        bool_or(past.segment = 'high_lifetime_value') as held_high_lifetime_value,
        bool_or(past.segment = 'price_sensitive') as held_price_sensitive,
        bool_or(past.segment = 'vip') as held_vip,
        bool_or(past.segment = 'weekend_shoppers') as held_weekend_shoppers
    from {{ ref('stg_history__segment_membership') }} as past
    left join {{ ref('stg_identity__profile_aliases') }} as aliases
        on past.profile_id = aliases.alias_profile_id
    where past.exited_at is null
    group by 1
),

due as (
    select
        coalesce(bool_or(is_due) filter (where segment = 'category_explorers'), true) as due_category_explorers,
        coalesce(bool_or(is_due) filter (where segment = 'churn_risk_valuable'), true) as due_churn_risk_valuable,
        coalesce(bool_or(is_due) filter (where segment = 'high_basket'), true) as due_high_basket,
        coalesce(bool_or(is_due) filter (where segment = 'high_lifetime_value'), true) as due_high_lifetime_value,
        coalesce(bool_or(is_due) filter (where segment = 'price_sensitive'), true) as due_price_sensitive,
        coalesce(bool_or(is_due) filter (where segment = 'vip'), true) as due_vip,
        coalesce(bool_or(is_due) filter (where segment = 'weekend_shoppers'), true) as due_weekend_shoppers
    from {{ ref('int_segment_schedule') }}
),

touched as (
    select distinct profile_id
    from {{ ref('int_segment_profiles_touched') }}
),

profile_rows as (
    select
        features.*,
        coalesce(event_counts.event_badge_scanned_event_attended_meeting_atten_a381, 0) as event_badge_scanned_event_attended_meeting_atten_a381,
        coalesce(event_counts.event_badge_scanned_lead_created_lead_submitted_c912, 0) as event_badge_scanned_lead_created_lead_submitted_c912,
        coalesce(event_counts.event_community_inbound_90d_count_d251, 0) as event_community_inbound_90d_count_d251,
        coalesce(event_counts.event_mini_program_login_wechat_account_wechat_m_4145, 0) as event_mini_program_login_wechat_account_wechat_m_4145,
        coalesce(event_counts.event_mobile_app_inbound_30d_count_216a, 0) as event_mobile_app_inbound_30d_count_216a,
        coalesce(event_counts.event_mobile_app_inbound_90d_count_b168, 0) as event_mobile_app_inbound_90d_count_b168,
        coalesce(event_counts.event_mobile_app_website_inbound_30d_days_3955, 0) as event_mobile_app_website_inbound_30d_days_3955,
        coalesce(event_counts.event_product_viewed_30d_count_a734, 0) as event_product_viewed_30d_count_a734,
        coalesce(event_counts.event_website_product_viewed_30d_count_f065, 0) as event_website_product_viewed_30d_count_f065,
        coalesce(event_counts.event_wecom_contact_180d_count_e8b8, 0) as event_wecom_contact_180d_count_e8b8,
        coalesce(orders_counts.orders_210d_count_ba49, 0) as orders_210d_count_ba49,
        coalesce(orders_counts.orders_30d_count_ae38, 0) as orders_30d_count_ae38,
        coalesce(orders_counts.orders_365d_amount_72df, 0) as orders_365d_amount_72df,
        coalesce(orders_counts.orders_365d_count_0259, 0) as orders_365d_count_0259,
        coalesce(orders_counts.orders_365d_count_08f2, 0) as orders_365d_count_08f2,
        coalesce(orders_counts.orders_365d_count_bfe8, 0) as orders_365d_count_bfe8,
        coalesce(orders_counts.orders_90d_count_feaf, 0) as orders_90d_count_feaf,
        coalesce(orders_counts.orders_count_e15b, 0) as orders_count_e15b,
        coalesce(orders_counts.orders_marketplace_o2o_365d_count_37ea, 0) as orders_marketplace_o2o_365d_count_37ea,
        coalesce(orders_counts.orders_meituan_60d_count_cd39, 0) as orders_meituan_60d_count_cd39,
        coalesce(orders_counts.orders_meituan_count_28b5, 0) as orders_meituan_count_28b5,
        coalesce(orders_counts.orders_mini_program_90d_count_dd28, 0) as orders_mini_program_90d_count_dd28,
        coalesce(orders_counts.orders_mini_program_count_ee6a, 0) as orders_mini_program_count_ee6a,
        coalesce(orders_counts.orders_mini_program_mobile_app_store_website_cou_e7d2, 0) as orders_mini_program_mobile_app_store_website_cou_e7d2,
        coalesce(orders_counts.orders_store_90d_count_fe6d, 0) as orders_store_90d_count_fe6d,
        coalesce(order_lines_counts.order_lines_baby_diapers_infant_180d_count_40c2, 0) as order_lines_baby_diapers_infant_180d_count_40c2,
        coalesce(order_lines_counts.order_lines_cat_dog_food_pet_180d_count_4e81, 0) as order_lines_cat_dog_food_pet_180d_count_4e81,
        coalesce(order_lines_counts.order_lines_deli_meat_pastry_produce_seafood_90d_38eb, 0) as order_lines_deli_meat_pastry_produce_seafood_90d_38eb,
        coalesce(campaign_counts.campaign_clicked_coupon_redeemed_90d_count_baf0, 0) as campaign_clicked_coupon_redeemed_90d_count_baf0,
        coalesce(campaign_counts.campaign_coupon_redeemed_90d_count_58d8, 0) as campaign_coupon_redeemed_90d_count_58d8,
        coalesce(campaign_counts.campaign_sent_90d_count_dd7e, 0) as campaign_sent_90d_count_dd7e,
        coalesce(feedback_counts.feedback_csat_90d_count_ceed, 0) as feedback_csat_90d_count_ceed,
        coalesce(feedback_counts.feedback_nps_90d_count_a4c0, 0) as feedback_nps_90d_count_a4c0,
        coalesce(feedback_counts.feedback_rating_review_90d_count_4cec, 0) as feedback_rating_review_90d_count_4cec,
        coalesce(ticket_counts.ticket_90d_count_32a7, 0) as ticket_90d_count_32a7,
        coalesce(consent_counts.consent_marketing_count_49b9, 0) as consent_marketing_count_49b9,
        coalesce(consent_counts.consent_marketing_denied_count_2b2b, 0) as consent_marketing_denied_count_2b2b,
        coalesce(consent_counts.consent_marketing_granted_count_592b, 0) as consent_marketing_granted_count_592b,
        coalesce(consent_counts.consent_sms_marketing_granted_count_9774, 0) as consent_sms_marketing_granted_count_9774,
        coalesce(campaign_clicked_orders_not_c883_steps.campaign_clicked_orders_not_c883, 0) as campaign_clicked_orders_not_c883,
        coalesce(ticket_orders_not_6084_steps.ticket_orders_not_6084, 0) as ticket_orders_not_6084,
        touched.profile_id is not null as is_touched,
        coalesce(held.held_category_explorers, false) as held_category_explorers,
        coalesce(held.held_churn_risk_valuable, false) as held_churn_risk_valuable,
        coalesce(held.held_high_basket, false) as held_high_basket,
        coalesce(held.held_high_lifetime_value, false) as held_high_lifetime_value,
        coalesce(held.held_price_sensitive, false) as held_price_sensitive,
        coalesce(held.held_vip, false) as held_vip,
        coalesce(held.held_weekend_shoppers, false) as held_weekend_shoppers,
        due.due_category_explorers,
        due.due_churn_risk_valuable,
        due.due_high_basket,
        due.due_high_lifetime_value,
        due.due_price_sensitive,
        due.due_vip,
        due.due_weekend_shoppers
    from {{ ref('profile_features') }} as features
    left join event_counts on features.profile_id = event_counts.profile_id
    left join orders_counts on features.profile_id = orders_counts.profile_id
    left join order_lines_counts on features.profile_id = order_lines_counts.profile_id
    left join campaign_counts on features.profile_id = campaign_counts.profile_id
    left join feedback_counts on features.profile_id = feedback_counts.profile_id
    left join ticket_counts on features.profile_id = ticket_counts.profile_id
    left join consent_counts on features.profile_id = consent_counts.profile_id
    left join campaign_clicked_orders_not_c883_steps on features.profile_id = campaign_clicked_orders_not_c883_steps.profile_id
    left join ticket_orders_not_6084_steps on features.profile_id = ticket_orders_not_6084_steps.profile_id
    cross join due
    left join held on features.profile_id = held.profile_id
    left join touched on features.profile_id = touched.profile_id
),

level_1 as (
    select
        *,
        (orders_90d_count_feaf >= 1) as in_active_customers,
        (event_mobile_app_inbound_30d_count_216a >= 1) as in_app_users,
        coalesce((orders_total >= 3 and overdue_ratio > 2 and recency_days between 30 and 180), false) as in_at_risk,
        coalesce((rfm_monetary = 5 and net_amount_12m > 0), false) as in_big_spenders,
        coalesce((product_views_30d > 0 and orders_total = 0), false) as in_browsers_without_purchase,
        ((campaign_sent_90d_count_dd7e >= 3) and (campaign_clicked_coupon_redeemed_90d_count_baf0 <= 0)) as in_campaign_silent,
        coalesce((has_abandoned_cart), false) as in_cart_abandoners,
        case when due_category_explorers or is_touched then coalesce((categories_count >= 10), false) else held_category_explorers end as in_category_explorers,
        coalesce((rfm_class = 'champions'), false) as in_champions,
        (coalesce((orders_12m >= 1), false) and (consent_marketing_count_49b9 <= 0)) as in_consent_missing,
        coalesce((emails_sent_30d >= 8), false) as in_contact_pressure,
        coalesce((orders_total >= 3 and coupon_order_share >= 0.4), false) as in_coupon_lovers,
        (campaign_coupon_redeemed_90d_count_58d8 >= 1) as in_coupon_redeemers,
        coalesce((is_detractor), false) as in_detractors,
        coalesce((orders_total >= 3 and discount_share >= 0.2), false) as in_discount_seekers,
        (((consent_marketing_denied_count_2b2b >= 1) and (consent_marketing_granted_count_592b <= 0)) or coalesce((has_unsubscribed = true), false)) as in_do_not_contact,
        coalesce((campaigns_clicked_12m >= 2 and is_email_marketing_allowed and not has_unsubscribed), false) as in_email_engaged,
        coalesce((has_bounced_12m = true), false) as in_email_unreachable,
        (event_badge_scanned_event_attended_meeting_atten_a381 >= 1) as in_event_visitors,
        (orders_365d_count_0259 >= 2) as in_frequent_returners,
        (event_mobile_app_website_inbound_30d_days_3955 >= 3) as in_frequent_visitors,
        (order_lines_deli_meat_pastry_produce_seafood_90d_38eb >= 4) as in_fresh_food_shoppers,
        (ticket_90d_count_32a7 >= 3) as in_heavy_service_users,
        case when due_high_basket or is_touched then (coalesce((average_order_amount >= 50), false) and coalesce((orders_12m >= 2), false)) else held_high_basket end as in_high_basket,
        case when due_high_lifetime_value or is_touched then coalesce((lifetime_value_12m >= 200), false) else held_high_lifetime_value end as in_high_lifetime_value,
        (coalesce((household_size >= 2), false) and coalesce((is_household_top_buyer = true), false) and coalesce((orders_12m >= 1), false)) as in_household_buyers,
        coalesce((recency_days > 180), false) as in_lapsed,
        ((event_badge_scanned_lead_created_lead_submitted_c912 >= 1) and coalesce((orders_total = 0), false)) as in_leads_not_bought,
        coalesce((rfm_class in ('champions', 'loyal') and orders_12m >= 6 and tenure_days >= 180), false) as in_loyal_customers,
        (coalesce((has_loyalty_card = true), false) and (orders_store_90d_count_fe6d <= 0)) as in_loyalty_not_used,
        ((orders_marketplace_o2o_365d_count_37ea >= 1) and (orders_mini_program_mobile_app_store_website_cou_e7d2 <= 0)) as in_marketplace_only,
        ((orders_meituan_60d_count_cd39 >= 1) and (orders_meituan_count_28b5 <= 0)) as in_meituan_first_time,
        (orders_mini_program_90d_count_dd28 >= 1) as in_mini_program_buyers,
        coalesce((store_order_share > 0 and online_order_share > 0), false) as in_multi_channel,
        coalesce((tenure_days <= 30), false) as in_new_customers,
        coalesce((orders_total = 1 and recency_days > 30), false) as in_one_time_buyers,
        coalesce((orders_total >= 2 and online_order_share = 1), false) as in_online_only,
        coalesce((tickets_open > 0), false) as in_open_ticket,
        (order_lines_cat_dog_food_pet_180d_count_4e81 >= 2) as in_pet_owners,
        case when due_price_sensitive or is_touched then coalesce((price_sensitivity = 'high'), false) else held_price_sensitive end as in_price_sensitive,
        (coalesce((ticket_reopens_12m >= 2), false) or coalesce((oldest_open_ticket_days >= 14), false)) as in_problem_not_solved,
        coalesce((last_nps_group = 'promoter'), false) as in_promoters,
        ((orders_30d_count_ae38 >= 1) and (orders_210d_count_ba49 <= 0) and (orders_count_e15b >= 1)) as in_reactivated,
        ((ticket_orders_not_6084 >= 1) and coalesce((orders_total >= 1), false)) as in_silent_after_problem,
        (coalesce((orders_total >= 3), false) and coalesce((top_category_share >= 0.8), false)) as in_single_category,
        ((orders_365d_count_bfe8 >= 4) and (orders_90d_count_feaf <= 0)) as in_slipping_away,
        coalesce((orders_total >= 2 and store_order_share = 1), false) as in_store_only,
        ((orders_store_90d_count_fe6d >= 1) and (event_product_viewed_30d_count_a734 >= 1)) as in_store_shoppers_browsing_online,
        (((feedback_nps_90d_count_a4c0 >= 1) or (feedback_csat_90d_count_ceed >= 1) or (feedback_rating_review_90d_count_4cec >= 1)) and coalesce((rfm_monetary >= 3), false)) as in_unhappy_and_valuable,
        case when due_vip or is_touched then (orders_365d_count_08f2 >= 6 and orders_365d_amount_72df >= 300) else held_vip end as in_vip,
        coalesce((has_wechat), false) as in_wechat_followers,
        (event_wecom_contact_180d_count_e8b8 >= 1) as in_wecom_contacts,
        case when due_weekend_shoppers or is_touched then (coalesce((orders_total >= 3), false) and coalesce((weekend_order_share >= 0.75), false)) else held_weekend_shoppers end as in_weekend_shoppers,
        (event_community_inbound_90d_count_d251 >= 1) as in_weibo_voices,
        coalesce((recency_days > 90 and rfm_monetary >= 4 and is_email_marketing_allowed and not has_unsubscribed), false) as in_win_back,
        (order_lines_baby_diapers_infant_180d_count_40c2 >= 2) as in_young_families
    from profile_rows
),

level_2 as (
    select
        *,
        ((event_mobile_app_inbound_90d_count_b168 >= 1) and not in_app_users) as in_app_lapsing,
        case when due_churn_risk_valuable or is_touched then ((coalesce((churn_probability_90d >= 0.7), false) and coalesce((rfm_monetary >= 4), false)) and not (in_do_not_contact or in_open_ticket)) else held_churn_risk_valuable end as in_churn_risk_valuable,
        ((campaign_clicked_orders_not_c883 >= 1) and not (in_do_not_contact)) as in_clicked_not_bought,
        (in_detractors and in_open_ticket) as in_detractors_waiting,
        (coalesce((email_engagement = 'silent'), false) and not (in_do_not_contact)) as in_email_silent,
        ((coalesce((orders_total >= 3), false) and coalesce((overdue_ratio >= 0.8 and overdue_ratio <= 1.5), false)) and not (in_open_ticket)) as in_next_order_due,
        (((event_website_product_viewed_30d_count_f065 >= 3) and (orders_30d_count_ae38 <= 0)) and not (in_open_ticket)) as in_product_researchers,
        ((in_promoters and in_active_customers and coalesce((is_email_marketing_allowed = true), false)) and not (in_do_not_contact or in_open_ticket)) as in_referral_candidates,
        ((coalesce((orders_total = 1), false) and coalesce((recency_days >= 20 and recency_days <= 60), false)) and not (in_open_ticket or in_do_not_contact)) as in_second_purchase_due,
        (((consent_sms_marketing_granted_count_9774 >= 1) and coalesce((has_phone = true), false)) and not (in_do_not_contact)) as in_sms_reachable,
        (in_wechat_followers and (event_mini_program_login_wechat_account_wechat_m_4145 >= 1) and (orders_mini_program_count_ee6a <= 0)) as in_wechat_not_buying
    from level_1
)

select
    profile_id,
    concat_ws(
        ',',
        case when in_active_customers then 'active_customers' end,
        case when in_app_lapsing then 'app_lapsing' end,
        case when in_app_users then 'app_users' end,
        case when in_at_risk then 'at_risk' end,
        case when in_big_spenders then 'big_spenders' end,
        case when in_browsers_without_purchase then 'browsers_without_purchase' end,
        case when in_campaign_silent then 'campaign_silent' end,
        case when in_cart_abandoners then 'cart_abandoners' end,
        case when in_category_explorers then 'category_explorers' end,
        case when in_champions then 'champions' end,
        case when in_churn_risk_valuable then 'churn_risk_valuable' end,
        case when in_clicked_not_bought then 'clicked_not_bought' end,
        case when in_consent_missing then 'consent_missing' end,
        case when in_contact_pressure then 'contact_pressure' end,
        case when in_coupon_lovers then 'coupon_lovers' end,
        case when in_coupon_redeemers then 'coupon_redeemers' end,
        case when in_detractors then 'detractors' end,
        case when in_detractors_waiting then 'detractors_waiting' end,
        case when in_discount_seekers then 'discount_seekers' end,
        case when in_do_not_contact then 'do_not_contact' end,
        case when in_email_engaged then 'email_engaged' end,
        case when in_email_silent then 'email_silent' end,
        case when in_email_unreachable then 'email_unreachable' end,
        case when in_event_visitors then 'event_visitors' end,
        case when in_frequent_returners then 'frequent_returners' end,
        case when in_frequent_visitors then 'frequent_visitors' end,
        case when in_fresh_food_shoppers then 'fresh_food_shoppers' end,
        case when in_heavy_service_users then 'heavy_service_users' end,
        case when in_high_basket then 'high_basket' end,
        case when in_high_lifetime_value then 'high_lifetime_value' end,
        case when in_household_buyers then 'household_buyers' end,
        case when in_lapsed then 'lapsed' end,
        case when in_leads_not_bought then 'leads_not_bought' end,
        case when in_loyal_customers then 'loyal_customers' end,
        case when in_loyalty_not_used then 'loyalty_not_used' end,
        case when in_marketplace_only then 'marketplace_only' end,
        case when in_meituan_first_time then 'meituan_first_time' end,
        case when in_mini_program_buyers then 'mini_program_buyers' end,
        case when in_multi_channel then 'multi_channel' end,
        case when in_new_customers then 'new_customers' end,
        case when in_next_order_due then 'next_order_due' end,
        case when in_one_time_buyers then 'one_time_buyers' end,
        case when in_online_only then 'online_only' end,
        case when in_open_ticket then 'open_ticket' end,
        case when in_pet_owners then 'pet_owners' end,
        case when in_price_sensitive then 'price_sensitive' end,
        case when in_problem_not_solved then 'problem_not_solved' end,
        case when in_product_researchers then 'product_researchers' end,
        case when in_promoters then 'promoters' end,
        case when in_reactivated then 'reactivated' end,
        case when in_referral_candidates then 'referral_candidates' end,
        case when in_second_purchase_due then 'second_purchase_due' end,
        case when in_silent_after_problem then 'silent_after_problem' end,
        case when in_single_category then 'single_category' end,
        case when in_slipping_away then 'slipping_away' end,
        case when in_sms_reachable then 'sms_reachable' end,
        case when in_store_only then 'store_only' end,
        case when in_store_shoppers_browsing_online then 'store_shoppers_browsing_online' end,
        case when in_unhappy_and_valuable then 'unhappy_and_valuable' end,
        case when in_vip then 'vip' end,
        case when in_wechat_followers then 'wechat_followers' end,
        case when in_wechat_not_buying then 'wechat_not_buying' end,
        case when in_wecom_contacts then 'wecom_contacts' end,
        case when in_weekend_shoppers then 'weekend_shoppers' end,
        case when in_weibo_voices then 'weibo_voices' end,
        case when in_win_back then 'win_back' end,
        case when in_young_families then 'young_families' end
    ) as segments
from level_2
