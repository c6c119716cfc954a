{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_lines_changed')) }}"
) }}
-- One row per profile with at least one order line: what is in its baskets. Money counts in the reporting currency.
-- depends_on: {{ ref('int_lines_changed') }}
with lines as (
    select *
    from {{ ref('int_order_lines_profiled') }}
    where
        profile_id is not null
        {% if by_change() -%}
        and profile_id in (select changed.profile_id from {{ ref('int_lines_changed') }} as changed)
        {%- endif %}
),

spend as (
    select
        profile_id,
        category,
        department,
        brand,
        cast(coalesce(sum(net_amount * exchange_rate), 0) as decimal(18, 4)) as net_amount,
        count(*) filter (where {{ is_sold('lines') }}) as n_lines
    from lines
    group by profile_id, category, department, brand
),

categories as (
    select
        profile_id,
        arg_max(category, (net_amount, n_lines, category)) as top_category,
        max(net_amount) as top_category_amount,
        sum(net_amount) as amount,
        count(*) filter (where n_lines > 0) as categories_count,
        -{{ steady_sum('n_lines / total_lines * log2(nullif(n_lines, 0) / total_lines)') }} as entropy_bits
    from (
        select
            profile_id,
            category,
            sum(net_amount) as net_amount,
            cast(sum(n_lines) as double) as n_lines,
            cast(sum(sum(n_lines)) over (partition by profile_id) as double) as total_lines
        from spend
        where category is not null
        group by profile_id, category
    ) as by_category
    group by profile_id
),

departments as (
    select
        profile_id,
        arg_max(department, (net_amount, department)) as top_department,
        count(*) filter (where n_lines > 0) as departments_count
    from (
        select profile_id, department, sum(net_amount) as net_amount, sum(n_lines) as n_lines
        from spend
        where department is not null
        group by profile_id, department
    ) as by_department
    group by profile_id
),

brands as (
    select
        profile_id,
        arg_max(brand, (net_amount, brand)) as top_brand,
        count(*) filter (where n_lines > 0) as brands_count
    from (
        select profile_id, brand, sum(net_amount) as net_amount, sum(n_lines) as n_lines
        from spend
        where brand is not null
        group by profile_id, brand
    ) as by_brand
    group by profile_id
),

totals as (
    select
        profile_id,
        {{ steady_sum('case when ' ~ is_sold('lines') ~ ' then quantity end') }} as items_total,
        count(distinct product_id) filter (where {{ is_sold('lines') }}) as products_count,
        count(distinct order_id) filter (where {{ is_sold('lines') }}) as orders_with_lines,
        arg_max(product_id, (ordered_at, line_no)) filter (where {{ is_sold('lines') }}) as last_product_bought_id
    from lines
    group by profile_id
)

select
    totals.*,
    categories.top_category,
    cast(categories.top_category_amount / nullif(categories.amount, 0) as double) as top_category_share,
    categories.categories_count,
    categories.entropy_bits as category_entropy_bits,
    departments.top_department,
    departments.departments_count,
    brands.top_brand,
    brands.brands_count
from totals
left join categories on totals.profile_id = categories.profile_id
left join departments on totals.profile_id = departments.profile_id
left join brands on totals.profile_id = brands.profile_id
