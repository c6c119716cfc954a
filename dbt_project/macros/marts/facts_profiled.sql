{#
    Sales of `relation` (the columns of core.orders) up to the as-of with their buyer: by the order's record, else by the
    interval in which its anonymous id belonged to somebody.
#}
{% macro orders_profiled(relation) -%}
select
    orders.order_id,
    coalesce(members.profile_id, links.profile_id) as profile_id,
    orders.source,
    orders.channel,
    orders.touchpoint,
    orders.store_id,
    orders.ordered_at,
    -- Money that went back, not a purchase.
    case when orders.net_amount < 0 then 'refunded' else orders.status end as status,
    cast(coalesce(orders.net_amount_reporting, 0) as decimal(18, 2)) as net_amount,
    -- In the order's own currency; `exchange_rate` is that of its day into the reporting currency, NULL where none is
    -- declared, which only an order may have that brought nothing.
    cast(coalesce(orders.gross_amount, 0) as decimal(18, 2)) as gross_amount,
    cast(coalesce(orders.discount_amount, 0) as decimal(18, 2)) as discount_amount,
    cast(coalesce(orders.refunded_amount, 0) as decimal(18, 2)) as refunded_amount,
    rates.rate as exchange_rate,
    orders.coupon_code,
    orders.campaign_id,
    orders.cart_token
from {{ relation }} as orders
left join {{ ref('stg_identity__profile_members') }} as members on orders.record_id = members.record_id
left join {{ ref('stg_identity__anonymous_links') }} as links
    on
        members.profile_id is null
        and orders.anonymous_id = links.anonymous_id
        and orders.ordered_at >= links.valid_from
        and (links.valid_to is null or orders.ordered_at < links.valid_to)
left join ({{ reporting_rates() }}) as rates
    on
        orders.currency = rates.currency
        and orders.ordered_at >= rates.valid_from
        and (rates.valid_to is null or orders.ordered_at < rates.valid_to)
where
    orders.status in ('completed', 'refunded')
    and {{ known_by('orders.ordered_at') }}
qualify row_number() over (partition by orders.order_id order by links.valid_from desc, links.profile_id) = 1
{%- endmacro %}

{#
    Lines of the sales of `sales` (the columns of int_orders_profiled) with the buyer, if known, and what was bought.
    Amounts are in the order's own currency.
#}
{% macro order_lines_profiled(sales) -%}
select
    orders.order_id,
    orders.profile_id,
    orders.ordered_at,
    lines.line_no,
    lines.product_id,
    products.category,
    products.department,
    products.brand,
    cast(coalesce(lines.quantity, 1) as double) as quantity,
    cast(coalesce(lines.discount_amount, 0) as decimal(18, 2)) as discount_amount,
    lines.currency,
    cast(coalesce(lines.net_amount, 0) as decimal(18, 2)) as net_amount,
    orders.exchange_rate
from {{ ref('order_lines') }} as lines
inner join {{ sales }} as orders on lines.order_id = orders.order_id
left join {{ ref('products') }} as products on lines.product_id = products.product_id
{%- endmacro %}

{# Campaign touches of `relation` (the columns of core.campaign_touches) up to the as-of with the person touched. #}
{% macro campaign_touches_profiled(relation) -%}
select
    touches.touch_id,
    members.profile_id,
    touches.source,
    touches.campaign_id,
    touches.campaign_name,
    touches.channel,
    touches.touchpoint,
    touches.touch_type,
    touches.occurred_at
from {{ relation }} as touches
left join {{ ref('stg_identity__profile_members') }} as members on touches.record_id = members.record_id
where {{ known_by('touches.occurred_at') }}
{%- endmacro %}
