-- Sales whose touches are dealt with again: changed ones, those within the look-back window of a changed month of the
-- buyer's touches, and those of a campaign that moved to another touchpoint.
select order_id
from {{ ref('int_orders_changed') }}

union

select orders.order_id
from {{ ref('int_orders_profiled') }} as orders
inner join {{ ref('int_touches_changed') }} as touches
    on
        orders.profile_id = touches.profile_id
        and orders.ordered_at >= touches.touched_month
        and orders.ordered_at < touches.touched_month + interval 1 month + interval {{ var('attribution_window_days') }} day
where touches.is_changed

union

select orders.order_id
from {{ ref('int_orders_profiled') }} as orders
inner join {{ ref('int_homes_changed') }} as homes on orders.campaign_id = homes.campaign_id
where homes.is_changed
