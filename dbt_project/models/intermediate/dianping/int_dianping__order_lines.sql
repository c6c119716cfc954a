select
    'dianping:' || voucher_code as order_id,
    1 as line_no,
    cast(null as varchar) as product_id,
    product_name,
    1 as quantity,
    price_amount as unit_price_amount,
    0 as discount_amount,
    'CNY' as currency
from {{ ref('stg_dianping__vouchers') }}
