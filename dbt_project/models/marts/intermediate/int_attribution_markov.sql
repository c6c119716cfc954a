-- Credit in cents by removal effects, of the sales whose touches are at different touchpoints; one row per sale and touch.
-- Where all are at one touchpoint, or there is one touch, they share alike, which is the linear model: these are not here.
-- One more sale moves all effects a little, so all of these are dealt out again.
with mixed as (
    select order_id
    from {{ ref('int_attribution_paths') }}
    where steps > 1
    group by order_id
    having min(touchpoint) <> max(touchpoint)
),

weighed as (
    select
        paths.order_id,
        paths.step,
        paths.cents,
        paths.is_sale,
        cast(coalesce(removal.removal_effect, 0) as decimal(18, 9)) as effect
    from {{ ref('int_attribution_paths') }} as paths
    inner join mixed on paths.order_id = mixed.order_id
    left join {{ ref('int_attribution_removal') }} as removal on paths.touchpoint = removal.touchpoint
),

-- Touchpoints that nobody would miss share alike.
effective as (
    select
        order_id,
        step,
        cents,
        is_sale,
        case when max(effect) over (partition by order_id) > 0 then effect else cast(1 as decimal(18, 9)) end as weight
    from weighed
),

shared as (
    select
        *,
        {{- dealt_shares({'markov': 'weight'}) }}
    from effective
),

{{ dealt_ctes(['markov'], 'shared') }}

select
    order_id,
    step,
    {{ dealt_cents('markov') }} as markov_cents,
    case when is_sale then markov_share else 0 end as markov_share
from ranked
