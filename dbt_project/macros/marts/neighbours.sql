{#
    CTEs over the CTE `items` (basket, a hash; product_id, category; distinct rows), the last `<items>_neighbours`: which
    products meet in a basket. Bounds that keep the pairs few: the 20 best of each category only, at most `largest` of
    them in a basket (a longer one is somebody's stock-taking and says little), and a pair must have met three times.
#}
{% macro neighbour_ctes(items, largest=60) -%}
{{ items }}_numbered as (
    -- Dense integers join several times faster than strings.
    select
        *,
        cast(row_number() over (order by product_id) as integer) as product_no
    from (
        select
            product_id,
            category,
            count(*) as n_baskets
        from {{ items }}
        group by product_id, category
        having count(*) >= 3
        qualify row_number() over (partition by category order by n_baskets desc, product_id) <= 20
    ) as sellers
),

{{ items }}_sold as (
    select
        items.basket,
        numbered.product_no
    from {{ items }} as items
    inner join {{ items }}_numbered as numbered on items.product_id = numbered.product_id
),

{{ items }}_baskets as (
    select sold.*
    from {{ items }}_sold as sold
    inner join (
        select basket
        from {{ items }}_sold
        group by basket
        having count(*) between 2 and {{ largest }}
    ) as sized on sold.basket = sized.basket
),

{{ items }}_pairs as (
    select
        l.product_no,
        r.product_no as neighbour_no,
        count(*) as n_together
    from {{ items }}_baskets as l
    inner join {{ items }}_baskets as r on l.basket = r.basket and l.product_no < r.product_no
    group by l.product_no, r.product_no
    having count(*) >= 3
),

{{ items }}_neighbours as (
    select
        product.product_id,
        neighbour.product_id as neighbour_product_id,
        both_ways.n_together,
        product.n_baskets as n_product,
        neighbour.n_baskets as n_neighbour,
        round(1.0 * both_ways.n_together * total.n_baskets / (product.n_baskets * neighbour.n_baskets), 6) as lift,
        round(both_ways.n_together / sqrt(1.0 * product.n_baskets * neighbour.n_baskets), 6) as cosine,
        row_number() over (
            partition by product.product_id
            order by
                both_ways.n_together / sqrt(1.0 * product.n_baskets * neighbour.n_baskets) desc, neighbour.product_id
        ) as rank
    from (
        select product_no, neighbour_no, n_together from {{ items }}_pairs
        union all
        select neighbour_no, product_no, n_together from {{ items }}_pairs
    ) as both_ways
    inner join {{ items }}_numbered as product on both_ways.product_no = product.product_no
    inner join {{ items }}_numbered as neighbour on both_ways.neighbour_no = neighbour.product_no
    cross join (select count(distinct basket) as n_baskets from {{ items }}) as total
    qualify rank <= 20
)
{%- endmacro %}
