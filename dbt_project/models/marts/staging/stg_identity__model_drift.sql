select
    cast(model_version as varchar) as model_version,
    cast(measure as varchar) as measure,
    cast(trained as double) as trained,
    cast(now as double) as now,
    cast(psi as double) as psi,
    cast(verdict as varchar) as verdict
from {{ source('identity', 'model_drift') }}
