-- Sales whose way is made again: changed ones, and those of a person after a session that was made again.
select order_id
from {{ ref('int_orders_changed') }}

union

select orders.order_id
from {{ ref('int_orders_profiled') }} as orders
inner join {{ ref('int_sessions_changed') }} as sessions
    on orders.profile_id = sessions.visitor_id and orders.ordered_at > sessions.rebuilt_from
