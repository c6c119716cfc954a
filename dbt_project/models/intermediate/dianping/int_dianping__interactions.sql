select
    'dianping:reviews:' || {{ keyed_hash(['store_name', 'review_id']) }} || ':reply' as interaction_id,
    cast(null as varchar) as record_id,
    {{ interaction_columns({
        'touchpoint': "'dianping_review'",
        'direction': "'outbound'",
        'interaction_type': "'review_reply'",
        'occurred_at': 'coalesce(replied_at, reviewed_at)',
        'properties': json_object({'store_id': 'coalesce(store_id, store_name)'})
    }) }}
from {{ ref('stg_dianping__reviews') }}
where reply is not null
