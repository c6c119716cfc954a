-- Up to five live coupons a profile has not used yet, best first. Reasons, from strong to weak: `category` (used for what
-- the profile buys), `campaign` (its campaign was sent to the profile and is not answered), `region` and `popular` (what
-- others redeem, for profiles that nothing is known about and those that objected to profiling).
with live as (
    select * from {{ ref('int_coupons_live') }}
),

personal as (
    select
        affinity.profile_id,
        matches.coupon_code,
        sum(affinity.share * matches.weight) as fit,
        arg_max(matches.category, (affinity.share * matches.weight, matches.category)) as category
    from {{ ref('int_affinity') }} as affinity
    inner join {{ ref('int_coupon_categories') }} as matches on affinity.item = matches.category
    where
        affinity.kind = 'category'
        and affinity.rank <= 5
        and affinity.profile_id not in (select objections.profile_id from {{ ref('int_profiling_objections') }} as objections)
    group by affinity.profile_id, matches.coupon_code
),

sent as (
    select distinct
        touches.profile_id,
        live.coupon_code
    from {{ ref('int_campaign_touches_profiled') }} as touches
    inner join live on touches.campaign_id = live.campaign_id
    where
        touches.touch_type = 'sent'
        and touches.profile_id is not null
        and touches.profile_id not in (select objections.profile_id from {{ ref('int_profiling_objections') }} as objections)
    qualify row_number() over (partition by touches.profile_id order by live.redeemers desc, live.coupon_code) <= 5
),

of_region as (
    select
        profile.country,
        profile.region,
        redemptions.coupon_code,
        count(distinct redemptions.profile_id) as redeemers
    from {{ ref('int_coupon_redemptions') }} as redemptions
    inner join live on redemptions.coupon_code = live.coupon_code
    inner join {{ ref('customer_profile') }} as profile on redemptions.profile_id = profile.profile_id
    where profile.country is not null and profile.region is not null
    group by profile.country, profile.region, redemptions.coupon_code
    having count(distinct redemptions.profile_id) >= 3
    qualify
        row_number() over (
            partition by profile.country, profile.region
            order by count(distinct redemptions.profile_id) desc, redemptions.coupon_code
        ) <= 10
),

of_everybody as (
    select coupon_code
    from live
    qualify row_number() over (order by redeemers desc, coupon_code) <= 10
),

candidates as (
    select profile_id, coupon_code, fit, category, 4 as strength from personal
    union all
    select profile_id, coupon_code, 0.0 as fit, null as category, 3 as strength from sent
    union all
    select profile.profile_id, of_region.coupon_code, 0.0 as fit, null as category, 2 as strength
    from {{ ref('customer_profile') }} as profile
    inner join of_region on profile.country = of_region.country and profile.region = of_region.region
    union all
    select profile.profile_id, of_everybody.coupon_code, 0.0 as fit, null as category, 1 as strength
    from {{ ref('customer_profile') }} as profile
    cross join of_everybody
),

best as (
    select
        profile_id,
        coupon_code,
        max(fit) as fit,
        max(category) as category,
        max(strength) as strength
    from candidates
    group by profile_id, coupon_code
),

scored as (
    select
        best.*,
        live.campaign_id,
        live.redeemers,
        live.last_redeemed_at,
        round(best.strength + best.fit / (1 + best.fit) * 0.9 + live.popularity * 0.09, 6) as score
    from best
    inner join live on best.coupon_code = live.coupon_code
    inner join {{ ref('customer_profile') }} as profile on best.profile_id = profile.profile_id
    left join (select distinct profile_id, coupon_code from {{ ref('int_coupon_redemptions') }}) as used
        on best.profile_id = used.profile_id and best.coupon_code = used.coupon_code
    where used.coupon_code is null
)

select
    profile_id,
    row_number() over (partition by profile_id order by score desc, coupon_code) as rank,
    coupon_code,
    campaign_id,
    case strength when 4 then 'category' when 3 then 'campaign' when 2 then 'region' else 'popular' end as reason,
    category,
    score,
    redeemers,
    last_redeemed_at
from scored
qualify rank <= 5
