{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        "{{ remade('kept.order_id = remade.order_id', ref('int_orders_changed')) }}",
        "{{ remade('kept.profile_id = remade.profile_id', ref('int_orders_changed')) }}"
    ]
) }}
-- Sales with whether the buyer had bought before, by any known order up to the as-of; one row per sale. A refunded order
-- moves money and is no purchase.
-- depends_on: {{ ref('int_orders_changed') }}
with sales as (
    select *
    from {{ ref('int_orders_profiled') }}
    {% if by_change() -%}
    where
        profile_id in (select changed.profile_id from {{ ref('int_orders_changed') }} as changed)
        or (
            profile_id is null
            and order_id in (select changed.order_id from {{ ref('int_orders_changed') }} as changed)
        )
    {%- endif %}
)

select
    order_id,
    profile_id,
    coalesce(channel, 'unknown') as channel,
    coalesce(touchpoint, 'unknown') as touchpoint,
    ordered_at,
    status = 'completed' as is_purchase,
    net_amount,
    case
        when profile_id is not null and status = 'completed'
            then row_number() over (partition by profile_id, status order by ordered_at, order_id) > 1
    end as is_repeat
from sales
