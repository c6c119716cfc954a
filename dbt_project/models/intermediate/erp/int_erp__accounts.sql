{{ config(materialized='table') }}
-- What an account of the master is: a person, an organisation, or a number that many buyers share.
select
    customers.*,
    case
        when
            groups.meaning = 'collective'
            or customers.customer_no in (select code from {{ ref('erp_codes') }} where kind = 'collective_customer')
            or coalesce({{ regexp_like("lower(customers.customer_name)", var('erp_collective_names')) }}, false)
            then 'collective'
        else coalesce(
            groups.meaning,
            case when {{ is_company_name('customers.customer_name') }} or customers.tax_no is not null then 'organisation' else 'person' end
        )
    end as account_kind
from {{ ref('stg_erp__customers') }} as customers
left join {{ ref('erp_codes') }} as groups
    on
        groups.kind = 'account_group'
        and customers.account_group = groups.code
