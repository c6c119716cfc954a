-- A purchase counts 1 on its day and half as much every 90 days later.
with scored as (
    select
        profile_id,
        category as product_category,
        count(*) filter (where {{ is_sold('lines') }}) as purchases,
        coalesce(sum(net_amount * exchange_rate), 0) as net_amount,
        max(ordered_at) filter (where {{ is_sold('lines') }}) as last_purchased_at,
        sum(pow(0.5, date_diff('day', cast(ordered_at as date), {{ as_of_date() }}) / 90.0))
            filter (where {{ is_sold('lines') }}) as score
    from {{ ref('int_order_lines_profiled') }} as lines
    where profile_id is not null and category is not null
    group by profile_id, category
    having count(*) filter (where {{ is_sold('lines') }}) > 0
)

select
    scored.profile_id,
    scored.product_category,
    scored.purchases,
    cast(scored.net_amount as decimal(18, 2)) as net_amount,
    scored.last_purchased_at,
    round(scored.score, 6) as score,
    round(scored.score / sum(scored.score) over (partition by scored.profile_id), 6) as share,
    row_number() over (
        partition by scored.profile_id order by round(scored.score, 6) desc, scored.product_category
    ) as rank
from scored
inner join {{ ref('golden_record') }} as golden on scored.profile_id = golden.profile_id
