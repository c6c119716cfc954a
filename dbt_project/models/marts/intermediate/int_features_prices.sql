-- One row per profile with an order line: how it reacts to price. The price of a category is what everybody paid for a
-- piece of it in the same currency, so 1 in the index is "as everybody"; what was paid in several is added up in the
-- reporting currency.
with lines as (
    select
        profile_id,
        category,
        currency,
        quantity,
        net_amount,
        exchange_rate,
        discount_amount
    from {{ ref('int_order_lines_profiled') }} as lines
    -- A line of no quantity has no price a piece.
    where {{ within_days('ordered_at', 365) }} and {{ is_sold('lines') }} and quantity > 0
),

prices as (
    select
        category,
        currency,
        cast(sum(net_amount) as double) / {{ steady_sum('quantity') }} as category_price
    from lines
    where category is not null
    group by category, currency
    having sum(net_amount) > 0
),

profiles as (
    select
        lines.profile_id,
        count(*) as lines_12m,
        cast(count(*) filter (where lines.discount_amount > 0) as double) / count(*) as discounted_line_share,
        {{ steady_mean(
            'cast(lines.discount_amount as double) / cast(lines.discount_amount + lines.net_amount as double)',
            'lines.discount_amount > 0'
        ) }} as average_discount_depth,
        cast(sum(lines.net_amount * lines.exchange_rate) filter (where prices.category is not null) as double)
        / {{ steady_sum('lines.quantity * prices.category_price * cast(lines.exchange_rate as double)') }} as price_index
    from lines
    left join prices on lines.category = prices.category and lines.currency is not distinct from prices.currency
    where lines.profile_id is not null
    group by lines.profile_id
),

-- what counts as much or cheap differs from shop to shop, so a profile is placed among the others
placed as (
    select
        profile_id,
        (
            percent_rank() over (order by round(discounted_line_share, 6))
            + 1 - percent_rank() over (order by round(coalesce(price_index, 1), 6))
        ) / 2 as place
    from profiles
    where lines_12m >= 5
)

select
    profiles.*,
    case
        when placed.place >= 2.0 / 3 then 'high'
        when placed.place >= 1.0 / 3 then 'medium'
        when placed.place is not null then 'low'
    end as price_sensitivity
from profiles
left join placed on profiles.profile_id = placed.profile_id
