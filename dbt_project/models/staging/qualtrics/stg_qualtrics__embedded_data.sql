with versions as (
    {{ latest_by_key(source('qualtrics', 'embedded_data'), ['response_id', 'field']) }}
)

select
    trim(response_id) as response_id,
    trim(field) as field,
    value,
    _dt as delivered_date
from versions
