-- Every row of the newest file that tells of an order: an export restates an order whole. A report of orders and one of
-- their articles are two files that complete each other, so each counts for itself.
with named as (
    select
        *,
        {{ platform_name('platform', 'order_id') }} as platform_name,
        coalesce(shop, shop_in_file, 'default') as shop_name,
        coalesce(line_id, sku, cast(unit_price as varchar), cast(line_gross as varchar)) is not null as is_line
    from {{ source('marketplace', 'orders') }}
    where {{ delivered() }}
),

ranked as (
    select
        *,
        rank() over (partition by platform_name, shop_name, order_id, is_line order by _dt desc, _file desc) as file_rank
    from named
)

select
    platform_name as platform,
    shop_name as shop,
    order_id,
    is_line,
    line_id,
    row_number() over (partition by platform_name, shop_name, order_id, is_line order by _line) as line_no,
    status,
    coalesce(ordered_at, ordered_pacific, paid_at) as ordered_at,
    paid_at,
    case when buyer_id not like '%*%' then buyer_id end as buyer_id,
    {{ real_name('receiver_name') }} as receiver_name,
    {{ plain_mobile('receiver_phone') }} as receiver_phone,
    {{ plain_mobile('confirmed_phone') }} as confirmed_phone,
    region,
    locality,
    case when street not like '%*%' then street end as street,
    postcode,
    country,
    sku,
    product_name,
    quantity,
    unit_price as unit_price_amount,
    line_gross as line_gross_amount,
    line_paid as line_paid_amount,
    abs(line_discount) as line_discount_amount,
    line_tax as line_tax_amount,
    line_shipping as line_shipping_amount,
    order_gross as order_gross_amount,
    order_paid as order_paid_amount,
    coalesce(upper(currency), case when platform_name = 'amazon' then 'USD' else 'CNY' end) as currency,
    campaign_id,
    _dt as delivered_date
from ranked
where file_rank = 1
