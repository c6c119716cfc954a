-- One row per profile, coupon and order that redeemed it; the coupon's campaign as in core.campaign_touches.
with campaigns as (
    select distinct campaign_id
    from {{ ref('int_campaign_touches_profiled') }}
    where campaign_id is not null
),

codes as (
    select distinct coupon_code
    from {{ ref('int_orders_profiled') }}
    where coupon_code is not null
),

-- A code is its campaign, or begins with it and a dash. Where codes are campaigns of their own, both are many: the two
-- are joined by what is equal, a campaign that a code begins with by its first part.
coupons as (
    select
        coupon_code,
        max(campaign_id) as campaign_id
    from (
        select
            codes.coupon_code,
            campaigns.campaign_id
        from codes
        inner join campaigns on codes.coupon_code = campaigns.campaign_id
        union all
        select
            codes.coupon_code,
            campaigns.campaign_id
        from codes
        inner join campaigns on split_part(codes.coupon_code, '-', 1) = split_part(campaigns.campaign_id, '-', 1)
        where
            left(codes.coupon_code, length(campaigns.campaign_id) + 1) = campaigns.campaign_id || '-'
            -- what equals a campaign is longer than what it only begins with
            and codes.coupon_code not in (select named.campaign_id from campaigns as named)
    ) as matches
    group by coupon_code
)

select
    orders.profile_id,
    orders.order_id,
    orders.ordered_at,
    orders.coupon_code,
    coalesce(coupons.campaign_id, orders.campaign_id) as campaign_id
from {{ ref('int_orders_profiled') }} as orders
left join coupons on orders.coupon_code = coupons.coupon_code
where orders.coupon_code is not null and {{ is_sale('orders') }}
