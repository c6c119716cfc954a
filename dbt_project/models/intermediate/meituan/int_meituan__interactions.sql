select
    'meituan:orders:' || orders.native_id || ':cancelled' as interaction_id,
    orders.record_id,
    {{ interaction_columns({
        'touchpoint': 'orders.touchpoint',
        'interaction_type': "'order_cancelled'",
        'occurred_at': 'coalesce(staged.cancelled_at, staged.updated_at, orders.ordered_at)',
        'properties': json_object({'order_id': 'orders.order_id', 'store_id': 'orders.store_id'})
    }) }}
from {{ ref('int_meituan__orders') }} as orders
inner join {{ ref('stg_meituan__orders') }} as staged on orders.native_id = staged.order_id
where orders.state = 'cancelled'
union all
select
    'meituan:reviews:' || comment_id || ':reply' as interaction_id,
    cast(null as varchar) as record_id,
    {{ interaction_columns({
        'touchpoint': "'meituan_review'",
        'direction': "'outbound'",
        'interaction_type': "'review_reply'",
        'occurred_at': 'coalesce(replied_on, reviewed_on)',
        'properties': json_object({'store_id': 'store_id'})
    }) }}
from {{ ref('stg_meituan__reviews') }}
where reply is not null
