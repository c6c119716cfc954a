-- Input that is kept and dealt with by a declared rule, counted so that somebody looks: see docs/metrics.md, "What bad
-- input does". An event later than the as-of is one whose clock runs ahead, as no file of a later day is read.
with later_events as (
    {%- for model, time in [
        ('interactions', 'occurred_at'), ('orders', 'ordered_at'), ('tickets', 'created_at'), ('feedback', 'occurred_at'),
        ('campaign_touches', 'occurred_at')
    ] %}
    select count(*) as failures
    from {{ ref(model) }}
    where {{ time }} >= {{ as_of_end() }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select
    'order_amount_negative' as check_name,
    'Orders with an amount below zero; they count as refunds, money without a purchase' as description,
    count(*) as failures
from {{ ref('orders') }}
where net_amount < 0 or gross_amount < 0

union all

select
    'event_after_as_of',
    'Events later than the as-of day; they are kept and count from their day on',
    cast(sum(failures) as bigint)
from later_events

union all

select
    'order_before_customer',
    'Orders of a day before their customer record was made; they belong to the customer all the same',
    count(*)
from {{ ref('orders') }} as orders
inner join {{ ref('customer_records') }} as records on orders.record_id = records.record_id
where cast(orders.ordered_at as date) < cast(records.created_at as date)
