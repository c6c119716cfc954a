with touches as (
    select
        campaign_id,
        arg_max(campaign_name, (occurred_at, touch_id)) filter (where campaign_name is not null) as campaign_name,
        list(distinct channel order by channel) filter (where channel is not null) as channels,
        min(occurred_at) as first_touch_at,
        max(occurred_at) as last_touch_at,
        count(*) filter (where touch_type = 'sent') as sent,
        count(distinct profile_id) filter (where touch_type = 'sent') as recipients,
        count(distinct profile_id) filter (where touch_type = 'opened') as openers,
        count(distinct profile_id) filter (where touch_type = 'clicked') as clickers,
        count(*) filter (where touch_type = 'opened') as opened,
        count(*) filter (where touch_type = 'clicked') as clicked,
        count(*) filter (where touch_type = 'bounced') as bounced,
        count(*) filter (where touch_type = 'unsubscribed') as unsubscribed,
        count(*) filter (where touch_type = 'coupon_redeemed') as redeemed
    from {{ ref('int_campaign_touches_profiled') }}
    where campaign_id is not null
    group by campaign_id
),

sales as (
    select
        campaign_id,
        count(distinct order_id) as orders,
        cast(sum(last_cents) / 100 as decimal(18, 2)) as revenue_amount
    from {{ ref('int_attribution_credits') }}
    where campaign_id is not null and step = steps
    group by campaign_id
)

select
    coalesce(touches.campaign_id, sales.campaign_id) as campaign_id,
    touches.campaign_name,
    touches.channels,
    touches.first_touch_at,
    touches.last_touch_at,
    coalesce(touches.recipients, 0) as recipients,
    coalesce(touches.sent, 0) as sent,
    coalesce(touches.opened, 0) as opened,
    coalesce(touches.clicked, 0) as clicked,
    coalesce(touches.bounced, 0) as bounced,
    coalesce(touches.unsubscribed, 0) as unsubscribed,
    coalesce(touches.redeemed, 0) as redeemed,
    round(touches.openers / nullif(cast(touches.recipients as double), 0), 6) as open_rate,
    round(touches.clickers / nullif(cast(touches.recipients as double), 0), 6) as click_rate,
    coalesce(sales.orders, 0) as orders,
    coalesce(sales.revenue_amount, 0) as revenue_amount,
    cast('{{ var("reporting_currency") }}' as varchar) as currency
from touches
full join sales on touches.campaign_id = sales.campaign_id
