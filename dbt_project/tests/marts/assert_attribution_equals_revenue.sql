{{ config(tags=['marts']) }}
-- Every model must hand out the revenue to the cent, for every single order.
select
    credits.order_id,
    orders.net_amount
from {{ ref('int_attribution_credits') }} as credits
full join {{ ref('int_orders_profiled') }} as orders on credits.order_id = orders.order_id
group by credits.order_id, orders.net_amount
having
    {% for model in ['first', 'last', 'linear', 'position', 'decay', 'markov'] %}
    {{ 'or ' if not loop.first }}coalesce(sum(credits.{{ model }}_cents), 0) <> orders.net_amount * 100
    or abs(sum(credits.{{ model }}_share) - 1) > 1e-9
    {% endfor %}
