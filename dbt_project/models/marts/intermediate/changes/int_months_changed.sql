-- Calendar months with an interaction or a sale that left or joined in this build.
select cast(date_trunc('month', occurred_at) as date) as month
from {{ ref('int_interactions_changed') }}

union

select cast(date_trunc('month', ordered_at) as date)
from {{ ref('int_orders_changed') }}
