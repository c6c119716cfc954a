{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.order_id = remade.order_id', ref('int_attribution_changed')) }}"
) }}
-- Credit in cents of each sale to each of its touches, by the five models that look at this sale alone (the sixth is in
-- int_attribution_markov). Cents are dealt out whole, so that every model adds up to the revenue of every single sale. A
-- sale without a touch credits `direct`. Money that went back by an order of its own is credited as cents, and is no part
-- of an order (`_share` is 0).
-- depends_on: {{ ref('int_attribution_changed') }}
{% set models = ['first', 'last', 'linear', 'position', 'decay'] %}
{% set dealt = ['linear', 'position', 'decay'] %}
with paths as (
    select *
    from {{ ref('int_attribution_paths') }}
    {% if by_change() -%}
    where order_id in (select changed.order_id from {{ ref('int_attribution_changed') }} as changed)
    {%- endif %}
),

weighed as (
    select
        *,
        1 as linear_weight,
        -- 40 % to either end, 20 % shared by what lies between; two touches share in halves.
        case when steps > 2 and step in (1, steps) then 2 * (steps - 2) else 1 end as position_weight,
        -- By the newest touch, which only scales the weights: however old the touches are, that one has 1.
        cast(power(
            2.0,
            -date_diff('second', touched_at, max(touched_at) over (partition by order_id))
            / (86400.0 * {{ var('attribution_half_life_days') }})
        ) as decimal(18, 15)) as decay_weight
    from paths
    where steps > 1
),

shared as (
    select
        *,
        {{- dealt_shares({'linear': 'linear_weight', 'position': 'position_weight', 'decay': 'decay_weight'}) }}
    from weighed
),

{{ dealt_ctes(dealt, 'shared') }}

select
    order_id,
    profile_id,
    order_channel,
    ordered_at,
    case when campaign_id is not null then 'campaign' else 'touchpoint' end as credit_kind,
    channel,
    touchpoint,
    campaign_id,
    touched_at,
    step,
    steps,
    case when step = 1 then cents else 0 end as first_cents,
    case when step = steps then cents else 0 end as last_cents,
    {% for model in dealt %}
    {{ dealt_cents(model) }} as {{ model }}_cents,
    {% endfor %}
    cast(case when is_sale and step = 1 then 1 else 0 end as double) as first_share,
    cast(case when is_sale and step = steps then 1 else 0 end as double) as last_share,
    {% for model in dealt %}
    case when is_sale then {{ model }}_share else 0 end as {{ model }}_share{{ ',' if not loop.last }}
    {% endfor %}
from ranked

union all

select
    order_id,
    profile_id,
    order_channel,
    ordered_at,
    case when touchpoint is null then 'direct' when campaign_id is null then 'touchpoint' else 'campaign' end as credit_kind,
    coalesce(channel, 'direct') as channel,
    coalesce(touchpoint, 'direct') as touchpoint,
    campaign_id,
    touched_at,
    step,
    steps,
    {% for model in models %}
    cents as {{ model }}_cents,
    {% endfor %}
    {% for model in models %}
    cast(case when is_sale then 1 else 0 end as double) as {{ model }}_share{{ ',' if not loop.last }}
    {% endfor %}
from paths
where steps = 1
