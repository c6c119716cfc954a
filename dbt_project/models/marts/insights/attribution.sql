with credited as (
    select
        cast(date_trunc('month', ordered_at) as date) as month,
        order_channel,
        credit_kind,
        channel,
        touchpoint,
        campaign_id,
        {% for model in ['first', 'last', 'linear', 'position', 'decay', 'markov'] %}
        sum({{ model }}_cents) as {{ model }}_cents,
        sum({{ model }}_share) as {{ model }}_orders{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_attribution_credits') }}
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
where orders > 0
