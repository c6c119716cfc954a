{{ config(materialized='table') }}
-- One row per ERP document: heads as delivered, then heads that only a flat sheet of lines tells of. Totals of a head
-- that stand on each line count once; without them the lines are added up.
with line_totals as (
    select
        order_no,
        coalesce(max(order_net_amount), sum(net_amount)) as net_amount,
        sum(tax_amount) as tax_amount,
        coalesce(max(order_gross_amount), sum(gross_amount)) as gross_amount,
        sum(discount_amount) as discount_amount
    from {{ ref('stg_erp__order_lines') }}
    group by order_no
),

documents as (
    select
        order_no,
        order_type,
        ordered_at,
        cancelled_at,
        customer_no,
        external_order_no,
        reference_order_no,
        sales_channel,
        store_no,
        customer_name,
        mobile,
        email,
        net_amount,
        tax_amount,
        gross_amount,
        discount_amount,
        currency,
        status,
        is_rejected,
        is_chinese_sheet,
        coupon_code,
        updated_at,
        delivered_date
    from {{ ref('stg_erp__orders') }}
    union all
    select
        order_no,
        order_type,
        ordered_at,
        cancelled_at,
        customer_no,
        external_order_no,
        reference_order_no,
        sales_channel,
        store_no,
        customer_name,
        mobile,
        email,
        cast(null as decimal(18, 4)) as net_amount,
        cast(null as decimal(18, 4)) as tax_amount,
        cast(null as decimal(18, 4)) as gross_amount,
        cast(null as decimal(18, 4)) as discount_amount,
        currency,
        status,
        false as is_rejected,
        is_chinese_sheet,
        coupon_code,
        updated_at,
        delivered_date
    from {{ ref('stg_erp__order_lines') }}
    where
        position = 1
        and ordered_at is not null
        and order_no not in (select order_no from {{ ref('stg_erp__orders') }})
),

valued as (
    select
        documents.*,
        coalesce(documents.net_amount, line_totals.net_amount) as any_net_amount,
        coalesce(documents.tax_amount, line_totals.tax_amount) as any_tax_amount,
        coalesce(
            documents.gross_amount,
            documents.net_amount + coalesce(documents.tax_amount, line_totals.tax_amount, 0),
            line_totals.gross_amount,
            line_totals.net_amount + coalesce(line_totals.tax_amount, 0),
            0
        ) as paid_amount,
        coalesce(documents.discount_amount, line_totals.discount_amount, 0) as any_discount_amount
    from documents
    left join line_totals on documents.order_no = line_totals.order_no
),

meanings as (
    select
        valued.*,
        coalesce(order_types.meaning, case when valued.paid_amount < 0 then 'return' else 'sale' end) as document_kind,
        case
            when valued.is_rejected or valued.cancelled_at is not null then 'cancelled'
            else coalesce(
                states.meaning,
                -- Of a sheet with an audit column only audited documents count.
                case when valued.is_chinese_sheet then 'open' else 'completed' end
            )
        end as state,
        coalesce(channels.meaning, 'back_office_order') as touchpoint,
        valued.customer_no in (select code from {{ ref('erp_codes') }} where kind = 'collective_customer')
        or coalesce({{ regexp_like("lower(valued.customer_name)", var('erp_collective_names')) }}, false) as is_collective
    from valued
    left join {{ ref('erp_codes') }} as order_types
        on
            order_types.kind = 'order_type'
            and valued.order_type = order_types.code
    left join {{ ref('erp_codes') }} as states
        on
            states.kind = 'status'
            and valued.status = states.code
    left join {{ ref('erp_codes') }} as channels
        on
            channels.kind = 'sales_channel'
            and valued.sales_channel = channels.code
),

-- Orders of every other source by what an ERP may quote: the shop's own number or the id of the platform.
known_orders as (
    {%- for source in connector_parts()['orders'] | reject('equalto', 'erp') %}
    select
        order_id,
        native_id,
        replace(order_name, '#', '') as order_name,
        ordered_at
    from {{ ref('int_' ~ source ~ '__orders') }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

quoted as (
    select
        meanings.order_no,
        min(known_orders.order_id) as shop_order_id
    from meanings
    inner join known_orders
        on
            (
                replace(meanings.external_order_no, '#', '') = known_orders.native_id
                or replace(meanings.external_order_no, '#', '') = known_orders.order_name
            )
            -- A buyer's own purchase number may look like an old order of the shop.
            and abs({{ dbt.datediff('known_orders.ordered_at', 'meanings.ordered_at', 'day') }}) <= {{ var('erp_reference_days') }}
    where meanings.document_kind <> 'return'
    group by meanings.order_no
),

returned as (
    select
        meanings.order_no,
        min(known_orders.order_id) as shop_order_id
    from meanings
    inner join known_orders
        on
            replace(coalesce(meanings.external_order_no, meanings.reference_order_no), '#', '') = known_orders.native_id
            or replace(coalesce(meanings.external_order_no, meanings.reference_order_no), '#', '') = known_orders.order_name
    where meanings.document_kind = 'return'
    group by meanings.order_no
)

select
    meanings.order_no,
    meanings.document_kind,
    meanings.state,
    meanings.touchpoint,
    meanings.ordered_at,
    meanings.cancelled_at,
    meanings.customer_no,
    meanings.is_collective or coalesce(customers.account_kind = 'collective', false) as is_collective,
    meanings.external_order_no,
    meanings.reference_order_no,
    meanings.store_no,
    case when not meanings.is_collective then meanings.customer_name end as customer_name,
    meanings.mobile,
    meanings.email,
    coalesce(meanings.currency, case when meanings.is_chinese_sheet then 'CNY' else '{{ var("reporting_currency") }}' end) as currency,
    coalesce(meanings.any_tax_amount, 0) as tax_amount,
    meanings.any_discount_amount as discount_amount,
    meanings.paid_amount,
    meanings.coupon_code,
    coalesce(quoted.shop_order_id, returned.shop_order_id, origin.shop_order_id) as shop_order_id,
    coalesce(meanings.updated_at, meanings.ordered_at) as updated_at,
    meanings.delivered_date
from meanings
left join quoted on meanings.order_no = quoted.order_no
left join returned on meanings.order_no = returned.order_no
left join quoted as origin
    on
        meanings.document_kind = 'return'
        and meanings.reference_order_no = origin.order_no
left join {{ ref('int_erp__accounts') }} as customers on meanings.customer_no = customers.customer_no
