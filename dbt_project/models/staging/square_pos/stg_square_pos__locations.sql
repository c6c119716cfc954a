with versions as (
    {{ last_snapshot(source('square_pos', 'locations'), ['location_id']) }}
)

select
    trim(location_id) as location_id,
    trim(name) as name,
    timezone,
    country,
    currency,
    trim(phone) as phone,
    postcode,
    _dt as delivered_date
from versions
