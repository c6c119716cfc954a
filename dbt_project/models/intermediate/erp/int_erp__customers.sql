{{ config(materialized='table') }}
-- One row per record of the ERP: accounts of the master; accounts that only documents name; the contact person of a
-- company, who is not the company; and the buyer behind a collective number, as a guest of that one order.
with documents as (
    select
        customer_no,
        {{ latest_value('customer_name', ['ordered_at', 'order_no']) }} as customer_name,
        {{ latest_value('mobile', ['ordered_at', 'order_no']) }} as mobile,
        {{ latest_value('email', ['ordered_at', 'order_no']) }} as email,
        min(ordered_at) as created_at,
        max(updated_at) as updated_at,
        max(delivered_date) as delivered_date
    from {{ ref('int_erp__heads') }}
    where
        customer_no is not null
        and not is_collective
        and customer_no not in (select customer_no from {{ ref('int_erp__accounts') }})
    group by customer_no
)

select
    'erp:customers:' || customer_no as record_id,
    'customers' as object,
    customer_no as native_id,
    customer_no,
    account_kind = 'organisation' as is_organisation,
    false as is_guest,
    case when account_kind = 'organisation' then customer_name end as organisation,
    case when account_kind = 'person' then given_name end as given_name,
    case when account_kind = 'person' then family_name end as family_name,
    case when account_kind = 'person' and given_name is null then coalesce(customer_name, contact_name) end as full_name,
    -- What a company's contact can be reached by is the contact's.
    case when account_kind = 'person' or coalesce(contact_name, family_name) is null then email end as email,
    case when account_kind = 'person' or coalesce(contact_name, family_name) is null then mobile end as mobile,
    phone,
    case when account_kind = 'organisation' then tax_no end as tax_no,
    loyalty_no,
    birth_date,
    street,
    postcode,
    locality,
    region,
    country,
    is_marketing_allowed,
    is_mail_forbidden,
    coalesce(created_at, updated_at) as created_at,
    updated_at,
    delivered_date,
    is_deleted
from {{ ref('int_erp__accounts') }}
where account_kind <> 'collective'
union all
select
    'erp:contacts:' || customer_no as record_id,
    'contacts' as object,
    customer_no as native_id,
    cast(null as varchar) as customer_no,
    false as is_organisation,
    false as is_guest,
    customer_name as organisation,
    given_name,
    family_name,
    case when given_name is null and family_name is null then contact_name end as full_name,
    email,
    mobile,
    cast(null as varchar) as phone,
    cast(null as varchar) as tax_no,
    cast(null as varchar) as loyalty_no,
    cast(null as varchar) as birth_date,
    cast(null as varchar) as street,
    cast(null as varchar) as postcode,
    cast(null as varchar) as locality,
    cast(null as varchar) as region,
    country,
    cast(null as boolean) as is_marketing_allowed,
    cast(null as boolean) as is_mail_forbidden,
    coalesce(created_at, updated_at) as created_at,
    updated_at,
    delivered_date,
    is_deleted
from {{ ref('int_erp__accounts') }}
where
    account_kind = 'organisation'
    and coalesce(contact_name, family_name) is not null
union all
select
    'erp:customers:' || customer_no as record_id,
    'customers' as object,
    customer_no as native_id,
    customer_no,
    {{ is_company_name('customer_name') }} as is_organisation,
    false as is_guest,
    case when {{ is_company_name('customer_name') }} then customer_name end as organisation,
    cast(null as varchar) as given_name,
    cast(null as varchar) as family_name,
    case when not {{ is_company_name('customer_name') }} then customer_name end as full_name,
    email,
    mobile,
    cast(null as varchar) as phone,
    cast(null as varchar) as tax_no,
    cast(null as varchar) as loyalty_no,
    cast(null as varchar) as birth_date,
    cast(null as varchar) as street,
    cast(null as varchar) as postcode,
    cast(null as varchar) as locality,
    cast(null as varchar) as region,
    cast(null as varchar) as country,
    cast(null as boolean) as is_marketing_allowed,
    cast(null as boolean) as is_mail_forbidden,
    created_at,
    updated_at,
    delivered_date,
    false as is_deleted
from documents
union all
select
    'erp:orders:' || order_no as record_id,
    'orders' as object,
    order_no as native_id,
    cast(null as varchar) as customer_no,
    false as is_organisation,
    true as is_guest,
    cast(null as varchar) as organisation,
    cast(null as varchar) as given_name,
    cast(null as varchar) as family_name,
    customer_name as full_name,
    email,
    mobile,
    cast(null as varchar) as phone,
    cast(null as varchar) as tax_no,
    cast(null as varchar) as loyalty_no,
    cast(null as varchar) as birth_date,
    cast(null as varchar) as street,
    cast(null as varchar) as postcode,
    cast(null as varchar) as locality,
    cast(null as varchar) as region,
    cast(null as varchar) as country,
    cast(null as boolean) as is_marketing_allowed,
    cast(null as boolean) as is_mail_forbidden,
    ordered_at as created_at,
    updated_at,
    delivered_date,
    false as is_deleted
from {{ ref('int_erp__heads') }}
where
    is_collective
    and coalesce(customer_name, mobile, email) is not null
