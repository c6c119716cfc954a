select
    cast(record_id_l as varchar) as record_id_l,
    cast(record_id_r as varchar) as record_id_r,
    cast(match_weight as double) as match_weight,
    cast(match_probability as double) as match_probability,
    cast(kind as varchar) as kind,
    cast(rule as varchar) as rule,
    cast(model_version as varchar) as model_version,
    cast(reason as varchar) as reason
from {{ source('identity', 'dropped_edges') }}
