with credits as (
    select
        'first' as model,
        credit_kind,
        credit_to,
        first_cents as cents,
        cast(step = 1 as integer) as order_share
    from {{ ref('int_attribution_credits') }}

    union all

    select
        'last',
        credit_kind,
        credit_to,
        last_cents,
        cast(step = steps as integer)
    from {{ ref('int_attribution_credits') }}

    union all

    select
        'linear',
        credit_kind,
        credit_to,
        linear_cents,
        1.0 / steps
    from {{ ref('int_attribution_credits') }}
)

select
    model,
    credit_kind,
    credit_to,
    cast(sum(cents) / 100 as decimal(18, 2)) as revenue_amount,
    cast('{{ var("reporting_currency") }}' as varchar) as currency,
    round(sum(cast(order_share as double)), 6) as orders
from credits
group by model, credit_kind, credit_to
having sum(order_share) > 0
