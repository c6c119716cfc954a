with credited as (
    select
        cast(date_trunc('month', credits.ordered_at) as date) as month,
        credits.order_channel,
        credits.credit_kind,
        credits.channel,
        credits.touchpoint,
        credits.campaign_id,
        {% for model in ['first', 'last', 'linear', 'position', 'decay'] %}
        sum(credits.{{ model }}_cents) as {{ model }}_cents,
        sum(credits.{{ model }}_share) as {{ model }}_orders,
        {% endfor %}
        sum(coalesce(markov.markov_cents, credits.linear_cents)) as markov_cents,
        sum(coalesce(markov.markov_share, credits.linear_share)) as markov_orders
    from {{ ref('int_attribution_credits') }} as credits
    left join {{ ref('int_attribution_markov') }} as markov
        on credits.order_id = markov.order_id and credits.step = markov.step
    group by 1, 2, 3, 4, 5, 6
),

models as (
    {% for model, name in [
        ('first', 'first'), ('last', 'last'), ('linear', 'linear'), ('position', 'position'), ('decay', 'time_decay'),
        ('markov', 'markov')
    ] %}
    select
        '{{ name }}' as model,
        month,
        order_channel,
        credit_kind,
        channel,
        touchpoint,
        campaign_id,
        {{ model }}_cents as cents,
        {{ model }}_orders as orders
    from credited
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    model,
    month,
    order_channel,
    credit_kind,
    channel,
    touchpoint,
    campaign_id,
    cast(cents / 100 as decimal(18, 2)) as revenue_amount,
    cast('{{ var("reporting_currency") }}' as varchar) as currency,
    round(orders, 6) as orders
from models
-- Money that went back by an order of its own is no part of an order.
where orders > 0 or cents <> 0
