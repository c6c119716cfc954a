-- Products that are bought together more often than chance. Three bounds keep the pairs few: the best sellers of each
-- category only, no basket of more than 60 of them, and a pair must have met in at least three baskets.
with items as (
    select distinct
        order_id,
        product_id,
        category
    from {{ ref('int_order_lines_profiled') }}
    where product_id is not null and category is not null
),

sellers as (
    select
        product_id,
        category,
        count(*) as n_orders
    from items
    group by product_id, category
    having count(*) >= 3
    qualify row_number() over (partition by category order by n_orders desc, product_id) <= 20
),

numbered as (
    -- Dense integers join several times faster than strings.
    select
        *,
        cast(row_number() over (order by product_id) as integer) as product_no
    from sellers
),

baskets as (
    select
        hash(items.order_id) as basket,
        numbered.product_no
    from items
    inner join numbered on items.product_id = numbered.product_id
    qualify count(*) over (partition by items.order_id) between 2 and 60
),

pairs as (
    select
        l.product_no as product_no,
        r.product_no as neighbour_no,
        count(*) as n_together
    from baskets as l
    inner join baskets as r on l.basket = r.basket and l.product_no < r.product_no
    group by l.product_no, r.product_no
    having count(*) >= 3
),

both_ways as (
    select product_no, neighbour_no, n_together from pairs
    union all
    select neighbour_no, product_no, n_together from pairs
),

total as (
    select count(distinct order_id) as n_baskets from items
)

select
    product.product_id,
    neighbour.product_id as neighbour_product_id,
    both_ways.n_together,
    product.n_orders as n_product,
    neighbour.n_orders as n_neighbour,
    round(1.0 * both_ways.n_together * total.n_baskets / (product.n_orders * neighbour.n_orders), 6) as lift,
    round(both_ways.n_together / sqrt(1.0 * product.n_orders * neighbour.n_orders), 6) as cosine,
    row_number() over (
        partition by product.product_id
        order by both_ways.n_together / sqrt(1.0 * product.n_orders * neighbour.n_orders) desc, neighbour.product_id
    ) as rank
from both_ways
inner join numbered as product on both_ways.product_no = product.product_no
inner join numbered as neighbour on both_ways.neighbour_no = neighbour.product_no
cross join total
qualify rank <= 20
