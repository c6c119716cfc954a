select
    cast(record_id_l as varchar) as record_id_l,
    cast(record_id_r as varchar) as record_id_r,
    cast(match_weight as double) as match_weight,
    cast(match_probability as double) as match_probability,
    cast(reason as varchar) as reason,
    cast(worth as double) as worth
from {{ source('identity', 'review_queue') }}
