-- Credit in cents of each sale to each of its touches, by six models. Cents are dealt out whole, by largest remainder
-- and then by the earlier step, so that every model adds up to the revenue of every single sale. A sale without a touch
-- credits `direct`.
{% set models = ['first', 'last', 'linear', 'position', 'decay', 'markov'] %}
{% set dealt = ['linear', 'position', 'decay', 'markov'] %}
with weighed as (
    select
        paths.*,
        case when paths.step = 1 then 1.0 else 0 end as first_weight,
        case when paths.step = paths.steps then 1.0 else 0 end as last_weight,
        cast(1 as double) as linear_weight,
        -- 40 % to either end, 20 % shared by what lies between; two touches share in halves.
        cast(case when paths.steps > 2 and paths.step in (1, paths.steps) then 2 * (paths.steps - 2) else 1 end as double)
            as position_weight,
        power(2.0, -date_diff('second', paths.touched_at, paths.ordered_at)
            / (86400.0 * {{ var('attribution_half_life_days') }})) as decay_weight,
        coalesce(removal.removal_effect, 0) as markov_weight
    from {{ ref('int_attribution_paths') }} as paths
    left join {{ ref('int_attribution_removal') }} as removal on paths.touchpoint = removal.touchpoint
    where paths.steps > 1
),

shared as (
    select
        *,
        {% for model in models %}
        {% if model in ('decay', 'markov') %}
        case
            when sum({{ model }}_weight) over (partition by order_id) > 0
                then {{ model }}_weight / sum({{ model }}_weight) over (partition by order_id)
            else 1.0 / steps
        end as {{ model }}_share{{ ',' if not loop.last }}
        {% else %}
        {{ model }}_weight / sum({{ model }}_weight) over (partition by order_id) as {{ model }}_share{{ ',' if not loop.last }}
        {% endif %}
        {% endfor %}
    from weighed
),

-- A share that is whole but for the last bits of floating point counts as whole.
floored as (
    select
        *,
        {% for model in dealt %}
        cast(floor(abs(cents) * {{ model }}_share + 1e-9) as bigint) as {{ model }}_base{{ ',' if not loop.last }}
        {% endfor %}
    from shared
),

ranked as (
    select
        *,
        {% for model in dealt %}
        row_number() over (
            partition by order_id order by round(abs(cents) * {{ model }}_share - {{ model }}_base, 6) desc, step
        ) <= abs(cents) - sum({{ model }}_base) over (partition by order_id) as {{ model }}_gets_one{{ ',' if not loop.last }}
        {% endfor %}
    from floored
),

several as (
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
        cast(sign(cents) as bigint) * ({{ model }}_base + cast({{ model }}_gets_one as bigint)) as {{ model }}_cents,
        {% endfor %}
        {% for model in models %}
        cast({{ model }}_share as double) as {{ model }}_share{{ ',' if not loop.last }}
        {% endfor %}
    from ranked
)

select * from several
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
    cast(1 as double) as {{ model }}_share{{ ',' if not loop.last }}
    {% endfor %}
from {{ ref('int_attribution_paths') }}
where steps = 1
