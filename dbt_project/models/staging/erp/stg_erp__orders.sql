-- The file and the OData page of an order have different columns: what the newest version cannot say is kept.
with versions as (
    {{ latest_by_key(source('erp', 'orders'), [erp_number('order_no')], updated_at='updated_at', keep=['external_order_no', 'reference_order_no', 'sales_channel', 'store_no', 'net_amount', 'tax_amount', 'gross_amount', 'coupon_code', 'items']) }}
)

select
    {{ erp_number('order_no') }} as order_no,
    upper(trim(order_type)) as order_type,
    ordered_at,
    cancelled_at,
    {{ erp_number('customer_no') }} as customer_no,
    trim(coalesce(external_order_no, _kept_external_order_no)) as external_order_no,
    {{ erp_number('coalesce(reference_order_no, _kept_reference_order_no)') }} as reference_order_no,
    upper(trim(coalesce(sales_channel, _kept_sales_channel))) as sales_channel,
    coalesce(store_no, _kept_store_no) as store_no,
    {{ clean_name('customer_name') }} as customer_name,
    trim(mobile) as mobile,
    trim(email) as email,
    coalesce(net_amount, _kept_net_amount) as net_amount,
    coalesce(tax_amount, _kept_tax_amount) as tax_amount,
    coalesce(gross_amount, _kept_gross_amount) as gross_amount,
    discount_amount,
    upper(trim(currency)) as currency,
    upper(trim(coalesce(audit_status, status))) as status,
    coalesce({{ yes_or_no('deletion_flag') }}, false) or coalesce(upper(rejection_status) = 'C', false) as is_rejected,
    audit_status is not null as is_chinese_sheet,
    trim(coalesce(coupon_code, _kept_coupon_code)) as coupon_code,
    coalesce(items, _kept_items) as items,
    updated_at,
    _dt as delivered_date
from versions
