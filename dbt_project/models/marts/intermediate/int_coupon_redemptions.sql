-- One row per profile, coupon and order that redeemed it; the coupon's campaign as in core.campaign_touches.
with campaigns as (
    select distinct campaign_id
    from {{ ref('int_campaign_touches_profiled') }}
    where campaign_id is not null
),

coupons as (
    select
        codes.coupon_code,
        max(campaigns.campaign_id) as campaign_id
    from (select distinct coupon_code from {{ ref('int_orders_profiled') }} where coupon_code is not null) as codes
    inner join campaigns
        on
            codes.coupon_code = campaigns.campaign_id
            or left(codes.coupon_code, length(campaigns.campaign_id) + 1) = campaigns.campaign_id || '-'
    group by codes.coupon_code
)

select
    orders.profile_id,
    orders.order_id,
    orders.ordered_at,
    orders.coupon_code,
    coalesce(coupons.campaign_id, orders.campaign_id) as campaign_id
from {{ ref('int_orders_profiled') }} as orders
left join coupons on orders.coupon_code = coupons.coupon_code
where orders.coupon_code is not null
