select
    'zoho_crm:' || sales_order_id as order_id,
    sales_order_id as native_id,
    order_number as order_name,
    'zoho_crm' as source,
    case
        when contact_id is not null then 'zoho_crm:contacts:' || contact_id
        when account_id is not null then 'zoho_crm:accounts:' || account_id
    end as record_id,
    cast(null as varchar) as anonymous_id,
    'back_office_order' as touchpoint,
    cast(null as varchar) as store_id,
    created_at as ordered_at,
    case
        when lower(status) like '%cancel%' then 'cancelled'
        when lower(status) in ('delivered', 'invoiced', 'completed', 'closed') then 'completed'
        else 'open'
    end as state,
    currency,
    coalesce(sub_total, grand_total - tax_amount + discount_amount) as gross_amount,
    discount_amount,
    tax_amount,
    coalesce(grand_total, 0) as paid_amount,
    0 as refunded_amount,
    cast(null as varchar) as coupon_code,
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as cart_token
from {{ ref('stg_zoho_crm__sales_orders') }}
