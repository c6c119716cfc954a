-- An order that is exported again comes with all its lines, so its newest delivery day replaces the earlier ones; within
-- the day a numbered line counts once, lines without a number come from the newest file only. Lines of totals are none.
with delivered_lines as (
    select
        *,
        {{ erp_number('order_no') }} as padded_order_no
    from {{ source('erp', 'order_lines') }}
    where
        {{ delivered() }}
        and not {{ is_total_label('order_no') }}
        and not {{ is_total_label('sku') }}
        and not {{ is_total_label('product_name') }}
        and not {{ is_total_label('customer_name') }}
),

ranked as (
    select
        *,
        rank() over (partition by padded_order_no order by _dt desc) as _day_rank,
        rank() over (partition by padded_order_no order by _dt desc, _file desc) as _file_rank,
        row_number() over (
            partition by padded_order_no, line_no order by _dt desc, updated_at desc nulls last, _file desc, _line desc
        ) as _version_rank
    from delivered_lines
)

select
    padded_order_no as order_no,
    line_no,
    row_number() over (partition by padded_order_no order by try_cast(line_no as bigint) nulls last, line_no, _line) as position,
    upper(trim(order_type)) as order_type,
    ordered_at,
    cancelled_at,
    {{ erp_number('customer_no') }} as customer_no,
    trim(external_order_no) as external_order_no,
    {{ erp_number('reference_order_no') }} as reference_order_no,
    upper(trim(sales_channel)) as sales_channel,
    store_no,
    {{ clean_name('customer_name') }} as customer_name,
    trim(mobile) as mobile,
    trim(email) as email,
    sku,
    product_name,
    quantity,
    coalesce(
        gross_unit_price_amount,
        unit_price_amount,
        (net_amount + coalesce(discount_amount, 0)) / nullif(quantity, 0)
    ) as unit_price_amount,
    net_amount,
    tax_amount,
    gross_amount,
    discount_amount,
    order_net_amount,
    order_gross_amount,
    upper(trim(currency)) as currency,
    upper(trim(coalesce(audit_status, status))) as status,
    audit_status is not null as is_chinese_sheet,
    trim(coupon_code) as coupon_code,
    updated_at,
    _dt as delivered_date
from ranked
where
    _day_rank = 1
    and ((line_no is not null and _version_rank = 1) or (line_no is null and _file_rank = 1))
