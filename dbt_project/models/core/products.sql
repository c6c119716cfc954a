-- Every article that a catalogue lists or an order line names, under the company's article number. The source
-- with the least preference number words it; an article that has left the catalogues keeps the name of its last sale.
with offers as (
    select * from {{ ref('int_products_unioned') }}
    union all
    select
        product_id,
        9 as preference,
        max(product_name) as name,
        cast(null as varchar) as brand,
        cast(null as varchar) as category,
        cast(null as varchar) as department,
        cast(null as decimal(18, 4)) as price_amount,
        cast(null as varchar) as currency,
        product_id as native_id
    from {{ ref('order_lines') }}
    where product_id is not null
    group by product_id
)

select
    product_id,
    {{ earliest_value("nullif(name, '')", ['preference', 'native_id']) }} as name,
    {{ earliest_value("nullif(brand, '')", ['preference', 'native_id']) }} as brand,
    {{ earliest_value("nullif(category, '')", ['preference', 'native_id']) }} as category,
    {{ earliest_value("nullif(department, '')", ['preference', 'native_id']) }} as department,
    cast({{ earliest_value('price_amount', ['preference', 'native_id']) }} as decimal(18, 4)) as price_amount,
    case
        when max(price_amount) is not null
            then coalesce({{ earliest_value('currency', ['preference', 'native_id']) }}, '{{ var("reporting_currency") }}')
    end as currency
from offers
where product_id is not null
group by product_id
