{{ config(materialized='table') }}
-- A refund is paid when the platform says so; an unknown word counts when there is a day of payment.
select
    refunds.*,
    coalesce(states.value = 'completed', refunds.refunded_at is not null) as is_paid
from {{ ref('stg_marketplace__refunds') }} as refunds
left join {{ ref('option_codes') }} as states
    on
        states.source = 'marketplace'
        and states.object = 'refunds'
        and states.field = 'status'
        and lower(refunds.status) = states.code
