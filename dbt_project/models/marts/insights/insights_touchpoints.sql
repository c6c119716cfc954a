{{ config(alias='touchpoints') }}
-- Coverage: every touchpoint of the inventory, and every one that sources name without it, with what it delivers.
with activity as (
    select
        touchpoint,
        max(channel) as channel,
        count(distinct source) as source_count,
        string_agg(distinct source, ', ' order by source) as sources,
        count(*) as interactions,
        count(*) filter (where {{ within_days('occurred_at', 30) }}) as interactions_30d,
        count(*) filter (where direction = 'inbound') as inbound_interactions,
        count(distinct profile_id) as profiles,
        count(profile_id) as identified_interactions,
        count(profile_id) filter (where {{ within_days('occurred_at', 30) }}) as identified_interactions_30d,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at
    from {{ ref('int_interactions_profiled') }}
    group by touchpoint
),

costs as (
    select
        touchpoint,
        sum(amount_reporting) as cost_amount,
        sum(amount_reporting) filter (where {{ within_days('cost_date', 30) }}) as cost_amount_30d
    from {{ ref('touchpoint_costs') }}
    where {{ known_by('cost_date') }}
    group by touchpoint
)

select
    coalesce(inventory.touchpoint, activity.touchpoint, 'unknown') as touchpoint,
    coalesce(inventory.channel, activity.channel, 'unknown') as channel,
    coalesce(inventory.kind, 'unknown') as kind,
    inventory.owner,
    inventory.purpose,
    case
        when activity.last_seen_at is null then 'silent'
        when activity.last_seen_at < {{ as_of_end() }} - interval {{ var("touchpoint_stale_days") }} day then 'stale'
        else 'delivering'
    end as status,
    activity.sources,
    coalesce(activity.interactions, 0) as interactions,
    coalesce(activity.interactions_30d, 0) as interactions_30d,
    coalesce(activity.inbound_interactions, 0) as inbound_interactions,
    coalesce(activity.profiles, 0) as profiles,
    round(activity.identified_interactions / cast(activity.interactions as double), 6) as identified_share,
    round(
        activity.identified_interactions_30d / nullif(cast(activity.interactions_30d as double), 0), 6
    ) as identified_share_30d,
    activity.first_seen_at,
    activity.last_seen_at,
    {{ dbt.datediff('activity.last_seen_at', as_of_date(), 'day') }} as days_silent,
    cast(costs.cost_amount as decimal(18, 2)) as cost_amount,
    cast(costs.cost_amount_30d as decimal(18, 2)) as cost_amount_30d,
    round(cast(costs.cost_amount as double) / activity.interactions, 6) as cost_per_interaction,
    cast('{{ var("reporting_currency") }}' as varchar) as currency
from {{ ref('touchpoints') }} as inventory
full join activity on inventory.touchpoint = activity.touchpoint
left join costs on coalesce(inventory.touchpoint, activity.touchpoint) = costs.touchpoint
