select
    affinity.profile_id,
    affinity.kind,
    affinity.item,
    affinity.purchases,
    affinity.net_amount,
    affinity.last_purchased_at,
    affinity.score,
    affinity.share,
    affinity.rank
from {{ ref('int_affinity') }} as affinity
inner join {{ ref('golden_record') }} as golden on affinity.profile_id = golden.profile_id
