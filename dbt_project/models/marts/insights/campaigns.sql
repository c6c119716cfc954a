with touches as (
    select * from {{ ref('int_campaign_touches_profiled') }}
    where campaign_id is not null
),

counted as (
    select
        campaign_id,
        arg_max(campaign_name, (occurred_at, touch_id)) filter (where campaign_name is not null) as campaign_name,
        list(distinct channel order by channel) filter (where channel is not null) as channels,
        min(occurred_at) as first_touch_at,
        max(occurred_at) as last_touch_at,
        count(*) filter (where touch_type = 'sent') as sent,
        count(*) filter (where touch_type = 'delivered') as reported_delivered,
        count(*) filter (where touch_type = 'opened') as opened,
        count(*) filter (where touch_type = 'clicked') as clicked,
        count(*) filter (where touch_type = 'bounced') as bounced,
        count(*) filter (where touch_type = 'unsubscribed') as unsubscribed,
        count(*) filter (where touch_type = 'complained') as complained,
        count(*) filter (where touch_type = 'coupon_redeemed') as redeemed
    from touches
    group by campaign_id
),

-- When a campaign first reached a person: by sending, or where no source tells of that, by the first sign of it.
firsts as (
    select
        campaign_id,
        profile_id,
        min(case when touch_type = 'sent' then occurred_at end) as sent_at,
        min(case when touch_type = 'opened' then occurred_at end) as opened_at,
        min(case when touch_type = 'clicked' then occurred_at end) as clicked_at,
        min(occurred_at) as touched_at
    from touches
    where profile_id is not null
    group by campaign_id, profile_id
),

people as (
    select
        campaign_id,
        count(sent_at) as recipients,
        count(opened_at) as openers,
        count(clicked_at) as clickers
    from firsts
    group by campaign_id
),

-- Where nothing tells of sending, nobody is a recipient.
reached as (
    select
        firsts.campaign_id,
        firsts.profile_id,
        case when people.recipients = 0 then firsts.touched_at else firsts.sent_at end as reached_at
    from firsts
    inner join people on firsts.campaign_id = people.campaign_id
    where people.recipients = 0 or firsts.sent_at is not null
),

responders as (
    select
        reached.campaign_id,
        reached.profile_id,
        count(*) filter (where {{ is_sale('orders') }}) as orders,
        sum(orders.net_amount) as revenue_amount
    from reached
    inner join {{ ref('int_orders_profiled') }} as orders
        on
            reached.profile_id = orders.profile_id
            and orders.ordered_at >= reached.reached_at
            and orders.ordered_at < reached.reached_at + interval {{ var('campaign_window_days') }} day
    group by reached.campaign_id, reached.profile_id
),

responses as (
    select
        audience.campaign_id,
        audience.reached_profiles,
        coalesce(answers.responders, 0) as responders,
        coalesce(answers.response_orders, 0) as response_orders,
        coalesce(answers.response_revenue_amount, 0) as response_revenue_amount
    from (
        select
            campaign_id,
            count(*) as reached_profiles
        from reached
        group by campaign_id
    ) as audience
    left join (
        select
            campaign_id,
            count(*) filter (where orders > 0) as responders,
            cast(sum(orders) as bigint) as response_orders,
            sum(revenue_amount) as response_revenue_amount
        from responders
        group by campaign_id
    ) as answers on audience.campaign_id = answers.campaign_id
),

sales as (
    select
        campaign_id,
        count(distinct order_id) filter (where last_share > 0) as orders,
        cast(sum(last_cents) / 100 as decimal(18, 2)) as revenue_amount
    from {{ ref('int_attribution_credits') }}
    where campaign_id is not null and step = steps
    group by campaign_id
),

costs as (
    select
        campaign_id,
        max(campaign_name) as campaign_name,
        min(channel) as channel,
        sum(amount_reporting) as cost_amount,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as ad_clicks
    from {{ ref('touchpoint_costs') }}
    where campaign_id is not null and {{ known_by('cost_date') }}
    group by campaign_id
),

-- The arm with the most people speaks for the campaign.
held_out as (
    select
        treated.campaign_id,
        treated.experiment_id,
        treated.variant,
        treated.people as treated_people,
        control.people as holdout_people
    from {{ ref('experiments') }} as treated
    inner join {{ ref('experiments') }} as control
        on treated.experiment_id = control.experiment_id and control.is_control
    where treated.kind = 'holdout' and not treated.is_control
    qualify row_number() over (
        partition by treated.campaign_id order by treated.people desc, treated.experiment_id, treated.variant
    ) = 1
),

lifts as (
    select
        held_out.campaign_id,
        held_out.experiment_id,
        held_out.treated_people,
        held_out.holdout_people,
        conversion.difference as lift_conversion,
        conversion.difference_low as lift_conversion_low,
        conversion.difference_high as lift_conversion_high,
        revenue.difference as lift_revenue_per_person,
        revenue.difference_low as lift_revenue_per_person_low,
        revenue.difference_high as lift_revenue_per_person_high,
        round(revenue.difference * held_out.treated_people, 2) as incremental_revenue_amount,
        conversion.verdict as lift_verdict
    from held_out
    left join {{ ref('experiment_results') }} as conversion
        on
            held_out.experiment_id = conversion.experiment_id
            and held_out.variant = conversion.variant
            and conversion.metric = 'conversion'
    left join {{ ref('experiment_results') }} as revenue
        on
            held_out.experiment_id = revenue.experiment_id
            and held_out.variant = revenue.variant
            and revenue.metric = 'revenue_per_person'
),

campaigns as (
    select campaign_id from counted
    union
    select campaign_id from sales
    union
    select campaign_id from costs
    union
    select campaign_id from lifts where campaign_id is not null
)

select
    campaigns.campaign_id,
    coalesce(counted.campaign_name, costs.campaign_name) as campaign_name,
    coalesce(counted.channels, case when costs.channel is not null then [costs.channel] end) as channels,
    counted.first_touch_at,
    counted.last_touch_at,
    coalesce(people.recipients, 0) as recipients,
    coalesce(responses.reached_profiles, 0) as reached_profiles,
    coalesce(counted.sent, 0) as sent,
    case
        when counted.reported_delivered > 0 then counted.reported_delivered
        else greatest(coalesce(counted.sent, 0) - coalesce(counted.bounced, 0), 0)
    end as delivered,
    coalesce(counted.opened, 0) as opened,
    coalesce(counted.clicked, 0) as clicked,
    coalesce(counted.bounced, 0) as bounced,
    coalesce(counted.unsubscribed, 0) as unsubscribed,
    coalesce(counted.complained, 0) as complained,
    coalesce(counted.redeemed, 0) as redeemed,
    round(people.openers / nullif(cast(people.recipients as double), 0), 6) as open_rate,
    round(people.clickers / nullif(cast(people.recipients as double), 0), 6) as click_rate,
    coalesce(responses.responders, 0) as responders,
    round(responses.responders / nullif(cast(responses.reached_profiles as double), 0), 6) as response_rate,
    coalesce(responses.response_orders, 0) as response_orders,
    cast(coalesce(responses.response_revenue_amount, 0) as decimal(18, 2)) as response_revenue_amount,
    coalesce(sales.orders, 0) as orders,
    coalesce(sales.revenue_amount, 0) as revenue_amount,
    cast(costs.cost_amount as decimal(18, 2)) as cost_amount,
    costs.impressions,
    costs.ad_clicks,
    round(cast(costs.cost_amount as double) / nullif(sales.orders, 0), 4) as cost_per_order,
    round(cast(coalesce(sales.revenue_amount, 0) as double) / nullif(cast(costs.cost_amount as double), 0), 4) as return_on_ad_spend,
    lifts.experiment_id as holdout_experiment_id,
    lifts.treated_people,
    lifts.holdout_people,
    lifts.lift_conversion,
    lifts.lift_conversion_low,
    lifts.lift_conversion_high,
    lifts.lift_revenue_per_person,
    lifts.lift_revenue_per_person_low,
    lifts.lift_revenue_per_person_high,
    cast(lifts.incremental_revenue_amount as decimal(18, 2)) as incremental_revenue_amount,
    round(lifts.incremental_revenue_amount / nullif(cast(costs.cost_amount as double), 0), 4) as incremental_return_on_ad_spend,
    lifts.lift_verdict,
    cast('{{ var("reporting_currency") }}' as varchar) as currency
from campaigns
left join counted on campaigns.campaign_id = counted.campaign_id
left join people on campaigns.campaign_id = people.campaign_id
left join responses on campaigns.campaign_id = responses.campaign_id
left join sales on campaigns.campaign_id = sales.campaign_id
left join costs on campaigns.campaign_id = costs.campaign_id
left join lifts on campaigns.campaign_id = lifts.campaign_id
