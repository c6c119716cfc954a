-- Sales come from int_orders; here is what else the back office posts. Money moves at a return only, and not at one of
-- a shop order, whose refund the shop itself tells of.
with documents as (
    select
        *,
        case
            when not is_collective then 'erp:customers:' || customer_no
            when coalesce(customer_name, mobile, email) is not null then 'erp:orders:' || order_no
        end as record_id,
        case
            when document_kind = 'return' and shop_order_id is not null then 'return_posted'
            when document_kind = 'return' then 'refund'
            when document_kind = 'sample' then 'sample_sent'
            when state = 'cancelled' then 'order_cancelled'
            when shop_order_id is not null then 'order_posted'
        end as interaction_type
    from {{ ref('int_erp__heads') }}
    where
        document_kind <> 'internal'
        and (document_kind = 'sale' or state = 'completed')
)

select
    'erp:documents:' || order_no as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'back_office_order'",
        'direction': "'outbound'",
        'interaction_type': 'interaction_type',
        'occurred_at': "case when interaction_type = 'order_cancelled' then coalesce(cancelled_at, updated_at) else ordered_at end",
        'amount': "case when interaction_type = 'refund' then -abs(paid_amount) end",
        'currency': 'currency',
        'properties': json_object({
            'order_id': "coalesce(shop_order_id, 'erp:' || coalesce(reference_order_no, order_no))",
            'order_no': 'order_no',
            'external_order_no': 'external_order_no'
        })
    }) }}
from documents
where
    interaction_type is not null
    and ordered_at is not null
