with named as (
    select
        *,
        {{ platform_name('platform', "coalesce(order_id, '')") }} as platform_name,
        coalesce(shop, shop_in_file, 'default') as shop_name,
        coalesce(review_id, {{ keyed_hash([
            "coalesce(order_id, '')", "coalesce(sku, '')", "coalesce(buyer_id, '')", 'cast(reviewed_at as varchar)', "coalesce(content, '')"
        ]) }}) as review_key
    from {{ source('marketplace', 'reviews') }}
),

versions as (
    {{ latest_by_key('named', ['platform_name', 'shop_name', 'review_key']) }}
)

select
    platform_name as platform,
    shop_name as shop,
    review_key as review_id,
    order_id,
    sku,
    score,
    nullif(trim(content), '') as content,
    nullif(trim(added_content), '') as added_content,
    reviewed_at,
    case when buyer_id not like '%*%' then buyer_id end as buyer_id,
    _dt as delivered_date
from versions
