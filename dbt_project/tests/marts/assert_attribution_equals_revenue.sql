{{ config(tags=['marts']) }}
-- Every model must hand out the revenue to the cent, for every single order, and one order for every sale.
select
    credits.order_id,
    orders.net_amount
from (
    select
        credits.*,
        coalesce(markov.markov_cents, credits.linear_cents) as markov_cents,
        coalesce(markov.markov_share, credits.linear_share) as markov_share
    from {{ ref('int_attribution_credits') }} as credits
    left join {{ ref('int_attribution_markov') }} as markov
        on credits.order_id = markov.order_id and credits.step = markov.step
) as credits
full join {{ ref('int_orders_profiled') }} as orders on credits.order_id = orders.order_id
group by credits.order_id, orders.net_amount, orders.refunded_amount
having
    {% for model in ['first', 'last', 'linear', 'position', 'decay', 'markov'] %}
    {{ 'or ' if not loop.first }}coalesce(sum(credits.{{ model }}_cents), 0) <> orders.net_amount * 100
    or abs(sum(credits.{{ model }}_share) - case when {{ is_sale('orders') }} then 1 else 0 end) > 1e-9
    {% endfor %}
