with named as (
    select
        *,
        {{ platform_name('platform', 'order_id') }} as platform_name,
        coalesce(shop, shop_in_file, 'default') as shop_name,
        coalesce(refund_id, concat_ws('|', order_id, cast(requested_at as varchar), cast(amount as varchar))) as refund_key
    from {{ source('marketplace', 'refunds') }}
),

versions as (
    {{ latest_by_key('named', ['platform_name', 'shop_name', 'refund_key']) }}
)

select
    platform_name as platform,
    shop_name as shop,
    refund_key as refund_id,
    order_id,
    status,
    abs(amount) as amount,
    requested_at,
    refunded_at,
    reason,
    coalesce(upper(currency), case when platform_name = 'amazon' then 'USD' else 'CNY' end) as currency,
    _dt as delivered_date
from versions
