-- Coupons that can still be used at the as-of, the 200 most redeemed. No source tells how long a coupon holds, so one
-- is live while it, or the campaign it belongs to, was in use in the last `coupon_live_days`; dates declared in the seed
-- `campaign_validity` beat that.
with coupons as (
    select
        coupon_code,
        max(campaign_id) as campaign_id,
        count(*) as redemptions,
        count(distinct profile_id) as redeemers,
        max(ordered_at) as last_redeemed_at
    from {{ ref('int_coupon_redemptions') }}
    group by coupon_code
),

campaigns as (
    select
        campaign_id,
        max(occurred_at) as last_used_at
    from {{ ref('int_campaign_touches_profiled') }}
    where touch_type in ('sent', 'coupon_redeemed')
    group by campaign_id
)

select
    coupons.*,
    ln(1 + coupons.redeemers) / max(ln(1 + coupons.redeemers)) over () as popularity
from coupons
left join campaigns on coupons.campaign_id = campaigns.campaign_id
left join {{ ref('campaign_validity') }} as declared on coupons.campaign_id = declared.campaign_id
where
    coupons.redeemers > 0
    and case
        when declared.campaign_id is not null
            then
                {{ as_of_date() }} >= coalesce(declared.valid_from, {{ as_of_date() }})
                and {{ as_of_date() }} <= coalesce(declared.valid_to, {{ as_of_date() }})
        else
            {{ within_days('greatest(coupons.last_redeemed_at, coalesce(campaigns.last_used_at, coupons.last_redeemed_at))', var('coupon_live_days')) }}
    end
qualify row_number() over (order by coupons.redeemers desc, coupons.coupon_code) <= 200
