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

used as (
    select distinct
        profile_id,
        coupon_code
    from {{ ref('int_coupon_redemptions') }}
    where profile_id is not null
),

-- What people of a place get that nothing more is known of, in order.
of_places as (
    select
        places.country,
        places.region,
        places.coupon_code,
        places.strength,
        {{ coupon_score('places.strength', '0.0', 'live.popularity') }} as score,
        row_number() over (
            partition by places.country, places.region
            order by {{ coupon_score('places.strength', '0.0', 'live.popularity') }} desc, places.coupon_code
        ) as place
    from (
        select
            country,
            region,
            coupon_code,
            max(strength) as strength
        from (
            select country, region, coupon_code, 2 as strength from of_region
            union all
            select homes.country, homes.region, of_everybody.coupon_code, 1 as strength
            from (select distinct country, region from {{ ref('customer_profile') }}) as homes
            cross join of_everybody
        ) as named
        group by country, region, coupon_code
    ) as places
    inner join live on places.coupon_code = live.coupon_code
),

known as (
    select profile_id from personal
    union
    select profile_id from sent
    union
    select profile_id from used
),

-- Only the first five of a place, and as many more as the profile has used up, can be among its best five.
people as (
    select
        profile.profile_id,
        profile.country,
        profile.region,
        5 + coalesce(spent.coupons, 0) as looks
    from {{ ref('customer_profile') }} as profile
    inner join known on profile.profile_id = known.profile_id
    left join (select profile_id, count(*) as coupons from used group by profile_id) as spent
        on profile.profile_id = spent.profile_id
),

candidates as (
    select profile_id, coupon_code, fit, category, 4 as strength from personal
    union all
    select profile_id, coupon_code, 0.0 as fit, null as category, 3 as strength from sent
    union all
    select people.profile_id, of_places.coupon_code, 0.0 as fit, null as category, of_places.strength
    from people
    inner join of_places
        on
            people.country is not distinct from of_places.country
            and people.region is not distinct from of_places.region
            and of_places.place <= people.looks
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
        {{ coupon_score('best.strength', 'best.fit', 'live.popularity') }} as score
    from best
    inner join live on best.coupon_code = live.coupon_code
    inner join {{ ref('customer_profile') }} as profile on best.profile_id = profile.profile_id
    left join used on best.profile_id = used.profile_id and best.coupon_code = used.coupon_code
    where used.coupon_code is null
),

-- Whom nothing more is known of gets what its place does, as it is ordered there.
ranked as (
    select
        profile_id,
        row_number() over (partition by profile_id order by score desc, coupon_code) as rank,
        coupon_code,
        strength,
        category,
        score
    from scored
    qualify rank <= 5

    union all

    select
        profile.profile_id,
        of_places.place,
        of_places.coupon_code,
        of_places.strength,
        null,
        of_places.score
    from {{ ref('customer_profile') }} as profile
    left join known on profile.profile_id = known.profile_id
    inner join of_places
        on
            profile.country is not distinct from of_places.country
            and profile.region is not distinct from of_places.region
            and of_places.place <= 5
    where known.profile_id is null
)

select
    ranked.profile_id,
    ranked.rank,
    ranked.coupon_code,
    live.campaign_id,
    case ranked.strength when 4 then 'category' when 3 then 'campaign' when 2 then 'region' else 'popular' end as reason,
    ranked.category,
    ranked.score,
    live.redeemers,
    live.last_redeemed_at
from ranked
inner join live on ranked.coupon_code = live.coupon_code
