-- Sales that only the dashboard's report tells of, one row per transaction; what the API delivers wins. The report
-- has local time in a named zone; an unknown name falls back to the location's.
with rows_in_utc as (
    select
        report.*,
        locations.location_id,
        locations.currency,
        {{ local_to_utc('report.sold_at_local', "coalesce(zones.zone, locations.timezone, 'UTC')") }} as sold_at
    from {{ ref('stg_square_pos__transactions_export') }} as report
    left join {{ ref('time_zone_names') }} as zones on report.time_zone = zones.name
    left join {{ ref('stg_square_pos__locations') }} as locations on report.location_name = locations.name
    where
        report.transaction_id not in (select order_id from {{ ref('stg_square_pos__orders') }})
        and report.transaction_id not in (
            select order_id from {{ ref('stg_square_pos__payments') }} where order_id is not null
        )
)

select
    transaction_id,
    max(location_id) as location_id,
    max(customer_id) as customer_id,
    coalesce(max(currency), '{{ var("reporting_currency") }}') as currency,
    coalesce(min(case when not is_refund then sold_at end), min(sold_at)) as sold_at,
    sum(case when not is_refund then total_amount - tip_amount else 0 end) as paid_amount,
    sum(case when not is_refund then tax_amount else 0 end) as tax_amount,
    sum(case when not is_refund then discount_amount else 0 end) as discount_amount,
    sum(case when is_refund then abs(total_amount) else 0 end) as refunded_amount,
    min(case when is_refund then sold_at end) as refunded_at,
    max(case when is_refund then 1 else 0 end) = 1 as has_refund,
    max(case when is_refund then 0 else 1 end) = 1 as has_sale
from rows_in_utc
group by transaction_id
