-- Products that meet more often than chance: in one order, or looked at by one person (or device) on one day.
with bought as (
    select distinct
        {{ row_hash(['order_id']) }} as basket,
        product_id,
        category
    from {{ ref('int_order_lines_profiled') }} as lines
    where product_id is not null and category is not null and {{ is_sold('lines') }}
),

viewed as (
    select distinct
        {{ row_hash(['coalesce(views.profile_id, views.anonymous_id)', 'cast(views.occurred_at as date)']) }} as basket,
        views.product_id,
        products.category
    from {{ ref('int_interactions_profiled') }} as views
    inner join {{ ref('products') }} as products on views.product_id = products.product_id
    where
        {{ is_product_view('views.interaction_type') }}
        and coalesce(views.profile_id, views.anonymous_id) is not null
        and products.category is not null
),

{{ neighbour_ctes('bought') }},

{{ neighbour_ctes('viewed') }}

select
    'bought' as kind,
    *
from bought_neighbours
union all
select
    'viewed' as kind,
    *
from viewed_neighbours
