{{ config(tags=['marts']) }}
-- Money in a currency without a declared rate would silently be worth nothing. The error names table and currency, but
-- nothing that is no code: a column that a contract takes for the currency by mistake may hold anything.
with money as (
    select 'orders' as table_name, currency
    from {{ ref('orders') }}
    where net_amount_reporting is null and net_amount <> 0

    union

    select 'touchpoint_costs', currency
    from {{ ref('touchpoint_costs') }}
    where amount_reporting is null and amount <> 0
),

unconverted as (
    select distinct
        table_name,
        case
            when currency is null then '(none)'
            when {{ regexp_like('currency', '^[A-Za-z]{3}$') }} then currency
            else '(no code of three letters)'
        end as currency
    from money
)

-- Raised in the condition: dbt only counts rows, and what is not needed for that is never evaluated.
select 1 as failure
from unconverted
having
    case
        when count(*) > 0
            then error(
                '[cdp] no exchange rate into {{ var("reporting_currency") }}: '
                || string_agg(table_name || ' in ' || currency, ', ' order by table_name, currency)
                || '; declare it in dbt_project/seeds/exchange_rates.csv'
            ) is null
        else false
    end
