-- Credit in cents of each sale to what led to it: clicks and redeemed coupons of campaigns, and visits that came with
-- a campaign, in the 30 days before the order; the order's own campaign counts as its last touch. An open is no
-- touch (mail programs open by themselves). A sale without a touch credits the channel it was made in. Cents are
-- dealt out whole, so that every model adds up to the revenue.
with sales as (
    select
        order_id,
        profile_id,
        coalesce(channel, 'unknown') as channel,
        ordered_at,
        campaign_id,
        cast(round(net_amount * 100) as bigint) as cents
    from {{ ref('int_orders_profiled') }}
),

touches as (
    select
        profile_id,
        campaign_id,
        channel,
        occurred_at
    from {{ ref('int_campaign_touches_profiled') }}
    where
        touch_type in ('clicked', 'coupon_redeemed')
        and campaign_id is not null
        and profile_id is not null

    union

    select
        profile_id,
        campaign_id,
        channel,
        occurred_at
    from {{ ref('int_interactions_profiled') }}
    where
        {{ is_campaign_visit('direction', 'interaction_type') }}
        and campaign_id is not null
        and profile_id is not null
),

paths as (
    select
        sales.order_id,
        'campaign' as credit_kind,
        touches.campaign_id as credit_to,
        max(touches.occurred_at) as touched_at
    from sales
    inner join touches
        on
            sales.profile_id = touches.profile_id
            and touches.occurred_at <= sales.ordered_at
            and touches.occurred_at > sales.ordered_at - interval 30 day
    where sales.campaign_id is distinct from touches.campaign_id
    group by sales.order_id, touches.campaign_id

    union all

    select
        order_id,
        'campaign',
        campaign_id,
        ordered_at
    from sales
    where campaign_id is not null
),

credited as (
    select
        sales.order_id,
        sales.profile_id,
        sales.ordered_at,
        sales.cents,
        coalesce(paths.credit_kind, 'channel') as credit_kind,
        coalesce(paths.credit_to, sales.channel) as credit_to,
        row_number() over (partition by sales.order_id order by paths.touched_at, paths.credit_to) as step,
        count(*) over (partition by sales.order_id) as steps
    from sales
    left join paths on sales.order_id = paths.order_id
)

select
    order_id,
    profile_id,
    ordered_at,
    credit_kind,
    credit_to,
    step,
    steps,
    case when step = 1 then cents else 0 end as first_cents,
    case when step = steps then cents else 0 end as last_cents,
    -- Whole cents, the rest one by one to the earliest steps; the sign last, because // and % disagree below zero.
    cast(sign(cents) as bigint) * (abs(cents) // steps + cast(step <= abs(cents) % steps as bigint)) as linear_cents
from credited
