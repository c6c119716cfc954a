-- How much a profile leans to a product, category, brand or department, the ten strongest of each kind. A purchase
-- counts 1 on its day and half as much every `affinity_half_life_days` later.
with lines as (
    select
        profile_id,
        product_id,
        category,
        brand,
        department,
        ordered_at,
        net_amount * exchange_rate as net_amount,
        {{ is_sold('lines') }} as is_sold,
        {{ decayed('cast(ordered_at as date)', var('affinity_half_life_days')) }} as weight
    from {{ ref('int_order_lines_profiled') }} as lines
    where profile_id is not null
),

scored as (
    {%- for kind, column in {'product': 'product_id', 'category': 'category', 'brand': 'brand', 'department': 'department'}.items() %}
    select
        profile_id,
        '{{ kind }}' as kind,
        {{ column }} as item,
        count(*) filter (where is_sold) as purchases,
        coalesce(sum(net_amount), 0) as net_amount,
        max(ordered_at) filter (where is_sold) as last_purchased_at,
        round(sum(weight) filter (where is_sold), 6) as score
    from lines
    where {{ column }} is not null
    group by profile_id, {{ column }}
    having count(*) filter (where is_sold) > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ranked as (
    select
        *,
        -- of purchases so long ago that nothing of their weight is left
        score / nullif(sum(score) over (partition by profile_id, kind), 0) as share,
        row_number() over (partition by profile_id, kind order by score desc, purchases desc, item) as rank
    from scored
)

select
    profile_id,
    kind,
    item,
    purchases,
    cast(net_amount as decimal(18, 2)) as net_amount,
    last_purchased_at,
    score,
    round(coalesce(share, 0), 6) as share,
    rank
from ranked
where rank <= 10
