select
    cast(model as varchar) as model,
    cast(name as varchar) as name,
    cast(is_fitted as boolean) as is_fitted,
    cast(reason as varchar) as reason,
    cast(facts as varchar) as facts
from {{ source('analytics', 'score_models') }}
