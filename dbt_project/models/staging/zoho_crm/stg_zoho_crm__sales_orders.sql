with versions as (
    {{ latest_by_key(source('zoho_crm', 'sales_orders'), ['sales_order_id'], updated_at='updated_at') }}
)

select
    trim(sales_order_id) as sales_order_id,
    trim(order_number) as order_number,
    trim(contact_id) as contact_id,
    trim(account_id) as account_id,
    trim(purchase_order) as purchase_order,
    sub_total,
    coalesce(discount_amount, 0) as discount_amount,
    coalesce(tax_amount, 0) as tax_amount,
    grand_total,
    coalesce(upper(trim(currency)), '{{ var("reporting_currency") }}') as currency,
    status,
    items,
    coalesce(created_at, updated_at) as created_at,
    updated_at,
    _dt as delivered_date
from versions
