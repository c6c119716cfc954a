select
    'fxiaoke_crm:LeadsObj:' || id as interaction_id,
    'fxiaoke_crm:LeadsObj:' || id as record_id,
    {{ interaction_columns({
        'touchpoint': "'sales_lead'",
        'interaction_type': "'lead_created'",
        'occurred_at': 'created_at',
        'campaign_id': 'campaign_id',
        'properties': json_object({'lead_source': 'lead_source', 'stage': 'stage', 'is_duplicated': 'is_duplicated'})
    }) }}
from {{ ref('stg_fxiaoke_crm__LeadsObj') }}
where
    not is_deleted
    and created_at is not null
union all
select
    'fxiaoke_crm:LeadsObj:' || id || ':assigned' as interaction_id,
    'fxiaoke_crm:LeadsObj:' || id as record_id,
    {{ interaction_columns({
        'touchpoint': "'sales_lead'",
        'direction': "'outbound'",
        'interaction_type': "'lead_assigned'",
        'occurred_at': 'assigned_at',
        'properties': json_object({'minutes_to_assign': 'cast(floor(' ~ dbt.datediff('created_at', 'assigned_at', 'second') ~ ' / 60) as bigint)'})
    }) }}
from {{ ref('stg_fxiaoke_crm__LeadsObj') }}
where
    not is_deleted
    and assigned_at is not null
union all
select
    'fxiaoke_crm:' || object || ':' || id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': 'touchpoint',
        'direction': "'outbound'",
        'interaction_type': "case when touchpoint = 'sales_call' then 'call' else 'sales_activity' end",
        'occurred_at': 'occurred_at',
        'properties': json_object({'record_type': 'record_type'})
    }) }}
from {{ ref('int_fxiaoke_crm__activities') }}
where occurred_at is not null
union all
-- The purchase carries the money of an order; a payment without a known order is money of its own.
select
    'fxiaoke_crm:PaymentObj:' || payments.id as interaction_id,
    'fxiaoke_crm:AccountObj:' || payments.account_id as record_id,
    {{ interaction_columns({
        'touchpoint': "'sales_order'",
        'interaction_type': "'payment_received'",
        'occurred_at': 'payments.paid_at',
        'amount': 'case when orders.id is null then payments.amount end',
        'currency': "case when orders.id is null then 'CNY' end",
        'properties': json_object({'order_id': "'fxiaoke_crm:' || payments.order_id", 'payment_amount': 'payments.amount'})
    }) }}
from {{ ref('stg_fxiaoke_crm__PaymentObj') }} as payments
left join {{ ref('stg_fxiaoke_crm__SalesOrderObj') }} as orders on payments.order_id = orders.id
where
    not payments.is_deleted
    and payments.paid_at is not null
union all
select
    'fxiaoke_crm:MemberGrowthValueDetailObj:' || id as interaction_id,
    'fxiaoke_crm:members:' || member_id as record_id,
    {{ interaction_columns({
        'touchpoint': "'member_programme'",
        'interaction_type': "'loyalty_points_changed'",
        'occurred_at': 'changed_at',
        'properties': json_object({'points': 'growth'})
    }) }}
from {{ ref('stg_fxiaoke_crm__MemberGrowthValueDetailObj') }}
where not is_deleted
