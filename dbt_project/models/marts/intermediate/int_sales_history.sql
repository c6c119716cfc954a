-- Sales with whether the buyer had bought before, by any known order up to the as-of; one row per sale. A refunded order
-- moves money and is no purchase.
select
    order_id,
    profile_id,
    coalesce(channel, 'unknown') as channel,
    coalesce(touchpoint, 'unknown') as touchpoint,
    ordered_at,
    status = 'completed' as is_purchase,
    net_amount,
    case
        when profile_id is not null and status = 'completed'
            then row_number() over (partition by profile_id, status order by ordered_at, order_id) > 1
    end as is_repeat
from {{ ref('int_orders_profiled') }}
