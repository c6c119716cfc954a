-- What a live coupon is used for: categories that stand in its baskets more often than in all baskets, at least twice,
-- the five strongest of each coupon. `weight` is the share of its baskets times the logarithm of the lift.
with basket_categories as (
    select distinct
        order_id,
        category
    from {{ ref('int_order_lines_profiled') }} as lines
    where category is not null and {{ is_sold('lines') }}
),

everywhere as (
    select
        category,
        count(*) as n_baskets
    from basket_categories
    group by category
),

total as (
    select count(distinct order_id) as n_baskets from basket_categories
),

redeemed as (
    select
        redemptions.coupon_code,
        redemptions.order_id,
        count(*) over (partition by redemptions.coupon_code) as n_redeemed
    from (select distinct coupon_code, order_id from {{ ref('int_coupon_redemptions') }}) as redemptions
    inner join {{ ref('int_coupons_live') }} as live on redemptions.coupon_code = live.coupon_code
),

counted as (
    select
        redeemed.coupon_code,
        baskets.category,
        count(*) as n_with,
        any_value(redeemed.n_redeemed) as n_redeemed
    from redeemed
    inner join basket_categories as baskets on redeemed.order_id = baskets.order_id
    group by redeemed.coupon_code, baskets.category
    having count(*) >= 2
)

select
    counted.coupon_code,
    counted.category,
    counted.n_with,
    1.0 * counted.n_with / counted.n_redeemed
    * ln(1.0 * counted.n_with * total.n_baskets / (counted.n_redeemed * everywhere.n_baskets)) as weight
from counted
inner join everywhere on counted.category = everywhere.category
cross join total
where 1.0 * counted.n_with * total.n_baskets > 1.0 * counted.n_redeemed * everywhere.n_baskets
qualify row_number() over (partition by counted.coupon_code order by round(weight, 9) desc, counted.category) <= 5
