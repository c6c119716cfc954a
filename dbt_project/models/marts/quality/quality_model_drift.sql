{{ config(alias='model_drift') }}
select
    measure,
    {{ as_of_date() }} as as_of,
    model_version,
    round(trained, 6) as trained_value,
    round(now, 6) as current_value,
    round(psi, 6) as psi,
    verdict
from {{ ref('stg_identity__model_drift') }}
