-- Purchases come from int_orders; here are the cards taken out and the money given back.
select
    'square_pos:loyalty_accounts:' || loyalty_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'store_loyalty'",
        'interaction_type': "'loyalty_enrolled'",
        'occurred_at': 'coalesce(created_at, updated_at)',
        'properties': json_object({'program_id': 'program_id'})
    }) }}
from {{ ref('int_square_pos__loyalty_accounts') }}
union all
select
    'square_pos:refunds:' || refunds.refund_id as interaction_id,
    orders.record_id,
    {{ interaction_columns({
        'touchpoint': "'store_till'",
        'direction': "'outbound'",
        'interaction_type': "'refund'",
        'occurred_at': 'refunds.created_at',
        'amount': '-refunds.amount',
        'currency': 'refunds.currency'
    }) }}
from {{ ref('stg_square_pos__refunds') }} as refunds
left join {{ ref('stg_square_pos__payments') }} as payments
    on refunds.payment_id = payments.payment_id
left join {{ ref('int_square_pos__orders') }} as orders
    on coalesce(refunds.order_id, payments.order_id) = orders.native_id
where refunds.status in ('COMPLETED', 'APPROVED')
union all
select
    'square_pos:transactions_export:' || sales.transaction_id as interaction_id,
    buyers.record_id,
    {{ interaction_columns({
        'touchpoint': "'store_till'",
        'direction': "'outbound'",
        'interaction_type': "'refund'",
        'occurred_at': 'sales.refunded_at',
        'amount': '-sales.refunded_amount',
        'currency': 'sales.currency'
    }) }}
from {{ ref('int_square_pos__export_sales') }} as sales
left join {{ ref('int_square_pos__buyers') }} as buyers on sales.customer_id = buyers.customer_id
where sales.has_refund
