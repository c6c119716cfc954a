{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='differing', on_schema_change='fail'
) }}
with contacts as (
    select * from {{ ref('int_touches_unioned') }}
),

campaigns as (
    select
        campaign_id,
        max(campaign_name) as campaign_name
    from contacts
    where campaign_id is not null
    group by campaign_id
),

-- A coupon belongs to the campaign whose id it is or begins with (`SPRING-0815` to SPRING, the longest, which sorts last, winning),
-- else to the campaign of the landing page, else to none but itself.
coupons as (
    select
        orders.order_id,
        max(campaigns.campaign_id) as campaign_id,
        {{ latest_value('campaigns.campaign_name', ['campaigns.campaign_id']) }} as campaign_name
    from {{ ref('orders') }} as orders
    inner join campaigns
        on
            orders.coupon_code = campaigns.campaign_id
            or left(orders.coupon_code, length(campaigns.campaign_id) + 1) = campaigns.campaign_id || '-'
    group by orders.order_id
),

touches as (
    select * from contacts
    union all
    select
        orders.order_id || ':coupon' as touch_id,
        orders.source,
        orders.record_id,
        coalesce(coupons.campaign_id, orders.campaign_id, orders.coupon_code) as campaign_id,
        coalesce(coupons.campaign_name, orders.campaign_id, orders.coupon_code) as campaign_name,
        orders.touchpoint,
        'coupon_redeemed' as touch_type,
        orders.ordered_at as occurred_at
    from {{ ref('orders') }} as orders
    left join coupons on orders.order_id = coupons.order_id
    where
        orders.coupon_code is not null
        and orders.status in ('completed', 'refunded')
        and {{ is_sale('orders') }}
)

select
    touches.touch_id,
    touches.source,
    records.record_id,
    touches.campaign_id,
    touches.campaign_name,
    touchpoints.channel,
    touches.touchpoint,
    touches.touch_type,
    touches.occurred_at
from touches
left join {{ ref('touchpoints') }} as touchpoints on touches.touchpoint = touchpoints.touchpoint
left join {{ ref('customer_records') }} as records on touches.record_id = records.record_id
