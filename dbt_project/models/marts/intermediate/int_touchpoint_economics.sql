-- What paid touchpoints cost and what the last touch credits to them: revenue, and customers whose first sale it is. A
-- touchpoint is paid where any cost is known up to the as-of.
with costs as (
    select
        coalesce(channel, 'unknown') as channel,
        coalesce(touchpoint, 'unknown') as touchpoint,
        cast(cost_date as timestamp) as occurred_at,
        cast(amount_reporting as decimal(18, 4)) as cost_amount
    from {{ ref('touchpoint_costs') }}
    where {{ known_by('cost_date') }} and amount_reporting is not null
),

-- Before the join: few touchpoints are paid for.
paid as (
    select
        order_id,
        channel,
        touchpoint,
        ordered_at,
        last_cents,
        last_share
    from {{ ref('int_attribution_credits') }}
    where
        touchpoint in (select costs.touchpoint from costs)
        and (last_cents <> 0 or last_share > 0)
)

select
    channel,
    touchpoint,
    occurred_at,
    cost_amount,
    cast(0 as decimal(18, 4)) as revenue_amount,
    cast(0 as double) as new_customers
from costs

union all

select
    coalesce(credits.channel, 'unknown'),
    coalesce(credits.touchpoint, 'unknown'),
    credits.ordered_at,
    cast(0 as decimal(18, 4)),
    cast(credits.last_cents / 100 as decimal(18, 4)),
    case when sales.is_purchase and sales.is_repeat = false then cast(credits.last_share as double) else 0 end
from paid as credits
inner join {{ ref('int_sales_history') }} as sales on credits.order_id = sales.order_id
